//! Which drives there are: those of the command line, or this machine's.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;

use linksmith::container::{ContainerError, Format};
use linksmith::partition::{Partition, PartitionError};
use linksmith::volume::Drives;
use linksmith::volume::image::{ImageVolume, container_of};
use linksmith::volume::memory::MemoryVolume;
use linksmith::{Caps, Cause, FileTime, Volume, VolumeError};

use crate::args::{DriveSpec, Globals};
use crate::error::{CliError, Exit};
use crate::output::Console;
use crate::session::located;

/// Images that are attached, by their letters: what is asked of an image and of no other volume goes here.
pub(crate) type Images = Vec<(u8, Arc<ImageVolume>)>;

/// Opens what the options ask for, to look at it alone or to change it too. Where no drive is attached it is
/// this machine.
pub(crate) fn drives(
    globals: &Globals,
    only_look: bool,
    console: &mut Console,
) -> Result<(Drives, Images), CliError> {
    if globals.drives.is_empty() {
        return Ok((host()?, Images::new()));
    }
    let specs = specs(globals)?;
    let images = open_images(&specs, only_look, console)?;
    let mut attached = Vec::with_capacity(specs.len());
    for spec in &specs {
        let image = images.iter().find(|(letter, _)| *letter == spec.letter);
        let volume: Option<Arc<dyn Volume>> = match image {
            Some((_, image)) => Some(Arc::<ImageVolume>::clone(image)),
            None => memory_of(spec)?,
        };
        attached.extend(volume.map(|volume| (char::from(spec.letter), volume)));
    }
    let drives = Drives::attached(attached).map_err(located)?;
    for (spec, id) in specs.iter().zip(drives.ids()) {
        let of_image = || {
            let (_, image) = images.iter().find(|(letter, _)| *letter == spec.letter)?;
            image.volume_guid()
        };
        if let Some(guid) = spec.guid.or_else(of_image) {
            drives.set_volume_guid(id, guid);
        }
    }
    Ok((drives, images))
}

/// Opens the images among them. Those that are to be changed come first: what else lies on their disks shares the lock.
fn open_images(
    specs: &[DriveSpec],
    only_look: bool,
    console: &mut Console,
) -> Result<Images, CliError> {
    let mut images = Images::new();
    let of_images = specs.iter().filter(|spec| !is_in_memory(spec));
    let (looked_at, changed): (Vec<_>, Vec<_>) = of_images.partition(|spec| spec.read_only);
    if only_look && changed.len() > 1 {
        for spec in &changed {
            // What is wrong with one is said when it is opened.
            let _ = ImageVolume::complete_interrupted(Path::new(&spec.path), spec.part);
        }
    }
    for spec in changed.into_iter().chain(looked_at) {
        let image = open(spec, only_look, &images, console)?;
        images.push((spec.letter, Arc::new(image)));
    }
    Ok(images)
}

/// The drives that are asked for.
fn specs(globals: &Globals) -> Result<Vec<DriveSpec>, CliError> {
    let mut specs: Vec<DriveSpec> = Vec::new();
    for text in &globals.drives {
        let spec = DriveSpec::parse(text)?;
        // The later one counts: the command line shadows the environment.
        specs.retain(|s| s.letter != spec.letter);
        specs.push(spec);
    }
    Ok(specs)
}

/// The letter, where `text` is `C:` or `C:\`.
pub(crate) fn letter_of(text: &OsStr) -> Option<u8> {
    match text.as_encoded_bytes() {
        [letter, b':'] | [letter, b':', b'\\'] => Some(letter.to_ascii_uppercase()),
        _ => None,
    }
}

/// What the options attach under a letter.
pub(crate) fn attached(globals: &Globals, letter: u8) -> Result<Option<DriveSpec>, CliError> {
    Ok(specs(globals)?
        .into_iter()
        .find(|spec| spec.letter == letter))
}

/// Opens an image to read it, or to change it.
///
/// `check` has an option of its own for what is a part of `--drive`.
pub(crate) fn open_image(
    path: &Path,
    part: Option<u32>,
    changes: bool,
) -> Result<ImageVolume, CliError> {
    let spec = DriveSpec {
        letter: b'C',
        path: path.as_os_str().to_owned(),
        part,
        guid: None,
        read_only: !changes,
    };
    let opened = if changes {
        ImageVolume::open_to_change(path, part)
    } else {
        ImageVolume::open(path, part)
    };
    opened.map_err(|error| match partitions_of(&error.cause) {
        Some([first, ..]) => not_attached(&spec, &error.cause)
            .hint(format!("For example: `--part {}`.", first.number)),
        _ => not_attached(&spec, &error.cause),
    })
}

/// Those that a volume has to be chosen from.
fn partitions_of(cause: &Cause) -> Option<&[Partition]> {
    match cause {
        Cause::NoVolume(
            PartitionError::Ambiguous(those) | PartitionError::NotThere { there: those, .. },
        ) => Some(those),
        _ => None,
    }
}

fn host() -> Result<Drives, CliError> {
    Drives::host().map_err(located)
}

/// Opens an image, beside another volume of its disk where that is open to be changed.
fn open(
    spec: &DriveSpec,
    only_look: bool,
    others: &Images,
    console: &mut Console,
) -> Result<ImageVolume, CliError> {
    let shown = spec.path.to_string_lossy();
    let path = Path::new(&spec.path);
    let refused = |error: VolumeError| not_attached(spec, &error.cause);
    let mut of_disk = others.iter().filter(|(_, other)| other.changes_disk(path));
    let opened = if let Some((_, other)) = of_disk.clone().next() {
        match of_disk.find(|(_, other)| other.is_partition(spec.part)) {
            Some((letter, _)) => Err(twice(*letter, spec)),
            None => other
                .open_beside(spec.part, spec.read_only)
                .map_err(refused),
        }
    } else if spec.read_only {
        ImageVolume::open(path, spec.part).map_err(refused)
    } else if only_look {
        ImageVolume::open_to_look(path, spec.part).map_err(refused)
    } else {
        ImageVolume::open_as_allowed(path, spec.part).map_err(refused)
    };
    let volume = opened?;
    if let Some(format) = volume.container() {
        let hint = raw_copy(format, &shown);
        console.read_only.push((spec.letter, hint));
    }
    // One line, however much is wrong: reading goes on.
    if !volume.warnings().is_empty() {
        let message = format!("'{shown}': {}", volume.warnings().join("; "));
        let hint = "What is read may be older than what its last system meant to leave.";
        console.warn(&message, Some(hint))?;
    }
    Ok(volume)
}

/// The error of a volume that has a letter already. Two letters of one volume would make two of every link that leads there.
fn twice(letter: u8, spec: &DriveSpec) -> CliError {
    let [other, this] = [letter, spec.letter].map(char::from);
    let shown = spec.path.to_string_lossy();
    CliError::new(
        Exit::Usage,
        format!("cannot attach '{shown}' as {this}: it is attached as {other} already"),
    )
    .hint("A volume that is to be changed has one letter.")
}

const IN_MEMORY: &str = "memory:";

fn is_in_memory(spec: &DriveSpec) -> bool {
    let path = spec.path.as_encoded_bytes();
    path.starts_with(IN_MEMORY.as_bytes())
}

/// The volume in memory that is asked for, where one is.
fn memory_of(spec: &DriveSpec) -> Result<Option<Arc<dyn Volume>>, CliError> {
    let shown = spec.path.to_string_lossy();
    let options = shown.strip_prefix(IN_MEMORY);
    options
        .map(|options| memory(options, spec.read_only))
        .transpose()
}

/// The error of an image that cannot be opened, with the way to one that can.
fn not_attached(spec: &DriveSpec, cause: &Cause) -> CliError {
    let shown = spec.path.to_string_lossy();
    let error = CliError::cannot("attach", spec.path.as_encoded_bytes(), cause);
    if let Some([first, ..]) = partitions_of(cause) {
        let (letter, number) = (char::from(spec.letter), first.number);
        return error.hint(format!(
            "For example: `--drive {letter}={shown},part={number}`."
        ));
    }
    match cause {
        Cause::NoVolume(PartitionError::Container(container)) => {
            error.hint(way_out(container, &shown))
        }
        Cause::Damaged(_) if container_of(Path::new(&spec.path)).is_some() => {
            error.hint(damaged_container(&shown))
        }
        Cause::ReadOnly => match container_of(Path::new(&spec.path)) {
            Some(format) => error.hint(raw_copy(format, &shown)),
            None => error,
        },
        Cause::NoVolume(PartitionError::Whole) => error.hint("Leave the partition's number out."),
        Cause::NoVolume(_) | Cause::IsADirectory => CliError {
            exit: Exit::Unsupported,
            ..error
        }
        .hint("An NTFS volume, or a disk with MBR or GPT that holds one, is needed."),
        Cause::InUse => CliError {
            exit: Exit::Damaged,
            ..error
        }
        .hint(
            "Another program has it open, or it is mounted; close that, or attach it with `,ro`.",
        ),
        Cause::NotFound => error.hint("The image is a path of this machine."),
        Cause::Denied if !is_device(&shown) => {
            error.hint("The image's own permissions on this machine do not allow it.")
        }
        Cause::Denied if is_device(&shown) => error.hint(if cfg!(windows) {
            "Raw volumes and disks are for administrators: start the prompt with \"Run as administrator\"."
        } else {
            "Raw volumes and disks are root's, or a group's: `ls -l` on the device shows whose."
        }),
        // The table's hint is about links, and the device's driver knows nothing of those.
        Cause::Win32(_) if is_device(&shown) => CliError { hint: None, ..error },
        _ => error,
    }
}

fn is_device(path: &str) -> bool {
    [r"\\.\", r"\\?\", "/dev/"]
        .iter()
        .any(|prefix| path.starts_with(prefix))
}

/// How to come to the disk in a container that is not read.
fn way_out(error: &ContainerError, shown: &str) -> String {
    match error {
        ContainerError::LogHoldsWork(_) => {
            format!("Open it once in Hyper-V, or: `qemu-img check -r all '{shown}'`.")
        }
        ContainerError::Damaged { .. } => damaged_container(shown),
        ContainerError::Closed(Format::Ewf) => {
            format!("`ewfexport -f raw -t disk '{shown}'` of libewf unpacks it.")
        }
        ContainerError::Closed(Format::Wim) => {
            format!(
                "It holds files and no disk: `wimlib-imagex apply '{shown}' 1 DIR` unpacks them."
            )
        }
        ContainerError::Sibling { .. } => {
            "All files of the disk belong into one folder.".to_owned()
        }
        _ => format!(
            "`qemu-img convert -O raw '{shown}' disk.img` unpacks it; or attach it with the system's own means and give the device."
        ),
    }
}

fn damaged_container(shown: &str) -> String {
    format!(
        "`qemu-img check '{shown}'` says more; a copy that was cut short has to be copied anew."
    )
}

/// How to come to a disk that can be changed.
fn raw_copy(format: Format, shown: &str) -> String {
    format!(
        "A {format} is only read; `qemu-img convert -O raw '{shown}' disk.img` makes a copy that can be changed."
    )
}

/// An empty volume in memory, for tests and demonstrations: `memory:` or
/// `memory:label=OS;serial=768808EC;clock=1339065120;size=1048576`.
fn memory(options: &str, read_only: bool) -> Result<Arc<dyn Volume>, CliError> {
    let mut volume = MemoryVolume::ntfs();
    for option in options.split(';').filter(|o| !o.is_empty()) {
        let bad = || CliError::usage(format!("'{option}' is no option of a volume in memory"));
        let (name, value) = option.split_once('=').ok_or_else(bad)?;
        let decimal = || value.parse::<u64>().map_err(|_| bad());
        volume = match name {
            "label" => volume.with_label(value),
            "serial" => volume.with_serial(u64::from_str_radix(value, 16).map_err(|_| bad())?),
            "clock" => {
                let seconds = value.parse().map_err(|_| bad())?;
                volume.with_clock(FileTime::from_unix(seconds, 0))
            }
            "size" => volume.with_space(decimal()?),
            _ => return Err(bad()),
        };
    }
    if read_only {
        let caps = volume.info().caps | Caps::READ_ONLY;
        volume = volume.with_caps(caps);
    }
    Ok(Arc::new(volume))
}
