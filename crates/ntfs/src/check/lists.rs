//! Attribute lists against the extension records.

use super::columns::{Bits, bit};
use super::{Checker, Code, Finding, Flow, GO_ON};
use crate::device::Device;
use crate::file::File;
use crate::layout::attribute_type;

impl<D: Device, V: FnMut(Finding) -> Flow> Checker<'_, D, V> {
    pub(super) fn check_lists(&mut self) -> Flow {
        let mut named = Bits::new(self.columns.len());
        for number in 0..self.columns.len() {
            if !self.columns.is_file(number) || !self.columns.has(number, bit::HAS_LIST) {
                continue;
            }
            let file = match self.volume.file(number) {
                Ok(file) => file,
                Err(error) => {
                    self.tell_error(Code::AttributeList, number, &error)?;
                    continue;
                }
            };
            for record in file.records() {
                named.set(record.number());
            }
            self.check_list(&file)?;
        }
        for (extension, base) in std::mem::take(&mut self.extensions) {
            if !named.get(extension) {
                let words = format!("record {base}, its base record, does not name it");
                self.tell(Code::ExtensionOrphan, extension, words)?;
            }
        }
        GO_ON
    }

    pub(super) fn check_list(&mut self, file: &File) -> Flow {
        let number = file.number();
        for problem in file.problems() {
            self.tell_error(Code::AttributeList, number, problem)?;
        }
        let there = file
            .records()
            .iter()
            .flat_map(|record| record.attributes().flatten());
        let there = there
            .filter(|a| a.type_code != attribute_type::ATTRIBUTE_LIST)
            .count();
        let listed = file.attributes().count();
        if there != listed && file.problems().is_empty() {
            let words = format!("the list names {listed} attributes, its records have {there}");
            self.tell(Code::AttributeList, number, words)?;
        }
        self.check_parts(file)
    }

    /// The parts of a value must follow each other without a gap.
    fn check_parts(&mut self, file: &File) -> Flow {
        for part in file.attributes() {
            let Some(mapping) = part.non_resident() else {
                continue;
            };
            if mapping.lowest_vcn != 0 {
                continue;
            }
            let name: Vec<u16> = part.name.iter().map(|unit| unit.get()).collect();
            if let Err(error) = self.volume.value(file, part.type_code, &name) {
                self.tell_error(Code::RunsBad, file.number(), &error)?;
            }
        }
        GO_ON
    }
}
