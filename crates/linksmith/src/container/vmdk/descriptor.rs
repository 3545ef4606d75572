//! The text that describes a disk of VMware: lines of `key=value`, and one line for each extent.

use super::{ContainerError, Format, unsupported};

/// The most bytes of a text. One of 1000 extents has 60 KiB.
pub(super) const MAX_TEXT: usize = 1 << 20;
/// Each is a file that is open while the disk is.
const MAX_EXTENTS: usize = 2048;
/// The parent's content id of a disk that has no parent.
const NO_PARENT: &str = "ffffffff";

pub(super) struct Descriptor {
    text: String,
}

/// An extent as the text has it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Described {
    pub(super) sectors: u64,
    pub(super) kind: Kind,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing: zeros.
    Zero,
    /// The bytes themselves, from this sector of the file.
    Flat { name: String, sector: u64 },
    /// A file with tables of its own.
    Sparse { name: String },
}

impl Descriptor {
    /// A text within an extent is filled up with zeros.
    pub(super) fn parse(text: &[u8]) -> Self {
        let end = text.iter().position(|byte| *byte == 0);
        let text = text.get(..end.unwrap_or(text.len())).unwrap_or_default();
        Self {
            text: String::from_utf8_lossy(text).into_owned(),
        }
    }

    fn value(&self, key: &str) -> Option<&str> {
        let mut pairs = self.text.lines().filter_map(|line| line.split_once('='));
        let (_, value) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case(key))?;
        Some(value.trim().trim_matches('"'))
    }

    /// The file and the content id of the parent of a snapshot, which holds what differs from it alone.
    pub(super) fn parent(&self) -> Option<(&str, &str)> {
        let id = self.value("parentCID")?;
        let name = self.value("parentFileNameHint").unwrap_or_default();
        (!id.eq_ignore_ascii_case(NO_PARENT)).then_some((name, id))
    }

    /// Whether this is its content id, which changes with what it holds.
    pub(super) fn has_id(&self, id: &str) -> bool {
        self.value("CID")
            .is_some_and(|own| own.eq_ignore_ascii_case(id))
    }

    /// The extents, in the order of the disk.
    pub(super) fn extents(&self) -> Result<Vec<Described>, ContainerError> {
        let lines = self.text.lines().map(str::trim);
        let lines = lines.filter(|line| {
            let access = line.split_ascii_whitespace().next();
            matches!(access, Some("RW" | "RDONLY" | "NOACCESS"))
        });
        let extents: Vec<_> = lines.map(extent).collect::<Result<_, _>>()?;
        if extents.is_empty() || extents.len() > MAX_EXTENTS {
            let what = format!("the text names {} extents", extents.len());
            return Err(ContainerError::damaged(Format::VmdkDescriptor, what));
        }
        Ok(extents)
    }
}

/// `RW 4192256 SPARSE "disk-s001.vmdk"`, `RW 2048 FLAT "disk-f001.vmdk" 0`, `RW 63 ZERO`.
fn extent(line: &str) -> Result<Described, ContainerError> {
    let bad = || {
        let what = format!("the text has an extent that is none: {line}");
        ContainerError::damaged(Format::VmdkDescriptor, what)
    };
    let (head, name, tail) = match line.split_once('"') {
        Some((head, rest)) => {
            let (name, tail) = rest.rsplit_once('"').ok_or_else(bad)?;
            (head, name, tail)
        }
        None => (line, "", ""),
    };
    let mut words = head.split_ascii_whitespace();
    let (access, sectors, kind) = (words.next(), words.next(), words.next());
    if access == Some("NOACCESS") {
        return Err(unsupported(format!(
            "with an extent that may not be read: {line}"
        )));
    }
    let sectors = sectors.and_then(|word| word.parse().ok()).ok_or_else(bad)?;
    let name = name.to_owned();
    let kind = match kind.ok_or_else(bad)? {
        "ZERO" => Kind::Zero,
        "SPARSE" => Kind::Sparse { name },
        // Of ESX hosts: the same, and the first sector is left out.
        "FLAT" | "VMFS" => {
            let sector = match tail.trim() {
                "" => 0,
                sector => sector.parse().map_err(|_| bad())?,
            };
            Kind::Flat { name, sector }
        }
        other => return Err(unsupported(format!("with an extent of kind {other}"))),
    };
    Ok(Described { sectors, kind })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_extents() {
        let flat = |name: &str, sector| Kind::Flat {
            name: name.to_owned(),
            sector,
        };
        for (line, sectors, kind) in [
            ("RW 63 ZERO", 63, Kind::Zero),
            (
                "RW 4192256 SPARSE \"a b-s001.vmdk\"",
                4_192_256,
                Kind::Sparse {
                    name: "a b-s001.vmdk".into(),
                },
            ),
            (
                "RDONLY 2048 FLAT \"a-f001.vmdk\" 128",
                2048,
                flat("a-f001.vmdk", 128),
            ),
            ("RW 2048 VMFS \"a-flat.vmdk\"", 2048, flat("a-flat.vmdk", 0)),
        ] {
            let text =
                format!("# Disk DescriptorFile\r\nversion=1\r\n{line}\r\nddb.x = \"RW\"\0\0");
            let extents = Descriptor::parse(text.as_bytes()).extents();
            assert_eq!(extents.expect(line), [Described { sectors, kind }]);
        }
        for line in [
            "RW",
            "RW x ZERO",
            "RW 1 FLAT \"a",
            "RW 1 FLAT \"a\" x",
            "RW 1 SESPARSE \"a\"",
            "NOACCESS 1 ZERO",
            "",
        ] {
            assert!(
                Descriptor::parse(line.as_bytes()).extents().is_err(),
                "{line}"
            );
        }
    }

    #[test]
    fn a_snapshot_has_a_parent() {
        let text = b"CID=1\nparentCID=12345678\nparentFileNameHint=\"base.vmdk\"\n";
        let snapshot = Descriptor::parse(text);
        assert_eq!(snapshot.parent(), Some(("base.vmdk", "12345678")));
        assert!(snapshot.has_id("1") && !snapshot.has_id("12345678"));
        assert_eq!(Descriptor::parse(b"parentCID=FFFFFFFF").parent(), None);
    }
}
