//! Every kind of repair under power cuts: the volume comes back as it was, or wholly mended.

use std::sync::OnceLock;

use linksmith_ntfs::device::Memory;
use linksmith_ntfs::edit::{EditResult, Editor};
use linksmith_ntfs::repair::Repair;

use crate::crash::{Content, Recorder};
use crate::crash_edits::{junction, prepared, units};
use crate::crash_judge::{self, Effort, IMAGE, JOURNAL, State, Tried};
use crate::damage::Patient;
use crate::empty_image::NOW;
use crate::mendable::Case;

/// The names that the kinds of damage know.
fn populate(e: &mut Editor<&Memory>) -> EditResult<()> {
    let root = e.root()?;
    let file = e.create_file(root, &units("file.txt"), b"text")?;
    let dir = e.create_dir(root, &units("dir"))?;
    for i in 10..90 {
        e.create_file(dir, &units(&format!("file_with_a_name_{i}")), b"1")?;
    }
    e.link(file, dir, &units("second_name"))?;
    let other = e.create_dir(root, &units("other"))?;
    let many = e.create_file(root, &units("many"), b"many")?;
    for i in 0..30 {
        e.link(many, other, &units(&format!("another_name_{i}")))?;
    }
    e.create_file(root, &units("filled_a"), &[b'a'; 20_000])?;
    e.create_file(root, &units("filled_b"), &[b'b'; 20_000])?;
    e.create_reparse_point(root, &units("junction"), true, &junction(10))?;
    e.create_reparse_point(root, &units("symlink"), false, &relative_link())?;
    Ok(())
}

/// Reparse data of a relative symbolic link.
fn relative_link() -> Vec<u8> {
    let text: Vec<u8> = units("file.txt")
        .iter()
        .flat_map(|u| u.to_le_bytes())
        .collect();
    let n = text.len() as u16;
    let mut out = 0xA000_000Cu32.to_le_bytes().to_vec();
    for word in [12 + 2 * n, 0, 0, n, n, n, 1, 0] {
        out.extend_from_slice(&word.to_le_bytes());
    }
    out.extend_from_slice(&text);
    out.extend_from_slice(&text);
    out
}

fn damaged(damage: fn(&mut Patient)) -> Vec<u8> {
    static SOUND: OnceLock<Vec<u8>> = OnceLock::new();
    let sound = SOUND.get_or_init(|| prepared(populate));
    let mut patient = Patient::new(sound.clone());
    damage(&mut patient);
    patient.bytes
}

fn mend(recorder: &Recorder) -> EditResult<()> {
    let repair = Repair::prepare(recorder.disk(IMAGE), NOW + 1)?;
    repair.commit(&recorder.disk(JOURNAL)).map(|_| ())
}

/// The damaged volume, whose findings may be many; or the mended one, which has none.
fn tell(content: &Content) -> Result<State, String> {
    crash_judge::any(content)
}

/// Cuts the power at every moment of the repair of one kind of damage.
///
/// # Errors
/// What is wrong with the volume that came back.
pub fn cut(case: &Case, effort: Effort) -> Result<Tried, String> {
    let bytes = damaged(case.1);
    expect_mended(&bytes).map_err(|e| format!("{}: {e}", case.0))?;
    crash_judge::cut(bytes, mend, &tell, effort).map_err(|e| format!("{}: {e}", case.0))
}

/// Lets each call of the repair fail in turn.
///
/// # Errors
/// What is wrong with the volume afterwards.
pub fn fail_each_call(case: &Case) -> Result<u64, String> {
    let bytes = damaged(case.1);
    crash_judge::fail_each_call(&bytes, mend, &tell).map_err(|e| format!("{}: {e}", case.0))
}

/// There is something to mend, and it is mended wholly: the two sides are told apart.
fn expect_mended(bytes: &[u8]) -> Result<(), String> {
    if crash_judge::clean(&Content::new(bytes.to_vec())).is_ok() {
        return Err("it is not damaged".to_owned());
    }
    let recorder = Recorder::new(vec![Content::new(bytes.to_vec()), Content::new(Vec::new())]);
    mend(&recorder).map_err(|e| e.to_string())?;
    crash_judge::clean(&recorder.now()[IMAGE]).map(|_| ())
}
