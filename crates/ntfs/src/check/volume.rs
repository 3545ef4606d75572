//! The volume's own state: dirty flag, log, mirror, backup of the boot sector.

use super::{Checker, Code, Finding, Flow, GO_ON};
use crate::device::Device;
use crate::error::Refusal;
use crate::health::BootState;

impl<D: Device, V: FnMut(Finding) -> Flow> Checker<'_, D, V> {
    pub(super) fn check_volume(&mut self) -> Flow {
        for refusal in self.volume.health().refusals() {
            let code = match refusal {
                Refusal::LogNotClean => Code::LogHoldsWork,
                Refusal::Hibernated => Code::Hibernated,
                Refusal::Version(..) => Code::VersionUnknown,
                Refusal::MirrorDiffers(_) | Refusal::MirrorUnreadable => Code::MirrorDiffers,
                Refusal::BootDamaged(_) => Code::BootDamaged,
                Refusal::Truncated(_) => Code::VolumeTruncated,
                _ => Code::VolumeDirty,
            };
            self.tell_volume(code, refusal.to_string())?;
        }
        self.check_boot_backup()
    }

    /// The backup is in the sector after the volume's last. Devices cut to the volume's length have none, which is no
    /// error of theirs; nor is a sector of something else that has no NTFS signature.
    fn check_boot_backup(&mut self) -> Flow {
        if self.volume.health().boot != BootState::Sound {
            return GO_ON;
        }
        let geometry = self.volume.geometry();
        let at = geometry.backup_at();
        let mut first = vec![0; geometry.sector_size as usize];
        let mut backup = first.clone();
        let device = self.volume.device();
        let read = device
            .read_at(0, &mut first)
            .and_then(|()| device.read_at(at, &mut backup));
        if read.is_err() || backup.get(3..7) != Some(b"NTFS".as_slice()) {
            return GO_ON;
        }
        match first_difference(&first, &backup) {
            None => GO_ON,
            Some(offset) => self.tell_volume(
                Code::BootBackupDiffers,
                format!("the backup at byte {at} differs from the boot sector at offset {offset}"),
            ),
        }
    }
}

/// Where the parameters of two boot sectors differ. Beyond them is boot code, which is nobody's business here.
pub(crate) fn first_difference(first: &[u8], backup: &[u8]) -> Option<usize> {
    let differs = first.iter().zip(backup).position(|(a, b)| a != b);
    differs.filter(|differs| *differs < 0x50)
}
