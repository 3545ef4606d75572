//! The article by Joshua Poehls, its commands in its order, and what is to be said to each claim.

use linksmith::path::Name;
use linksmith::{Base, EntryPath, Kind, Status, Step};

use super::stage::{Stage, Verdict};
use crate::error::CliError;

type Played = Result<(), CliError>;

/// Plays all of it.
pub(super) fn play(stage: &mut Stage<'_>) -> Played {
    set_the_scene(stage)?;
    soft_link_to_a_directory(stage)?;
    junction(stage)?;
    soft_link_to_a_file(stage)?;
    hard_link(stage)?;
    what_they_look_like(stage)?;
    fsutil(stage)?;
    sysinternals(stage)?;
    what_links_are_for(stage)?;
    across_volumes(stage)?;
    what_the_article_leaves_out(stage)?;
    deleting_the_target(stage)
}

fn set_the_scene(stage: &mut Stage<'_>) -> Played {
    stage.part("A directory and a file to link to")?;
    for line in [
        "md symlink_test",
        "cd symlink_test",
        "md real_dir",
        "echo inside>real_dir\\inside.txt",
        "echo hello, world!>real_file.txt",
    ] {
        stage.run(line)?;
    }
    Ok(())
}

fn soft_link_to_a_directory(stage: &mut Stage<'_>) -> Played {
    stage.part("Create a soft link to a directory")?;
    stage.run("mklink symlink_dir real_dir")?;
    stage.claim(
        "mklink symlink_dir real_dir makes a soft link to a directory",
        Verdict::Corrected,
        "without /D it is a link for files: there, and of the wrong kind to be entered",
        stage.is("symlink_dir", Kind::Symlink, Status::WrongKind),
    )?;
    stage.run("del symlink_dir")?;
    stage.run("mklink /D symlink_dir real_dir")?;
    let (code, _) = stage.aside("type symlink_dir\\inside.txt")?;
    stage.claim(
        "a soft link to a directory (here with /D)",
        Verdict::True,
        "the link is ok, and symlink_dir\\inside.txt can be read through it",
        stage.is("symlink_dir", Kind::Symlink, Status::Ok) && code == 0,
    )
}

fn junction(stage: &mut Stage<'_>) -> Played {
    stage.part("Create a junction link to a directory")?;
    stage.run("mklink /J junction_dir real_dir")?;
    let (code, _) = stage.aside("type junction_dir\\inside.txt")?;
    stage.claim(
        "Junctions look and act like soft links",
        Verdict::True,
        "junction_dir\\inside.txt can be read; the stored target is absolute, though real_dir was typed",
        stage.is("junction_dir", Kind::Junction, Status::Ok) && code == 0,
    )
}

fn soft_link_to_a_file(stage: &mut Stage<'_>) -> Played {
    stage.part("Create a soft link to a file")?;
    stage.run("mklink symlink_file.txt real_file.txt")?;
    stage.claim(
        "Soft links can be created for files or directories",
        Verdict::True,
        "one of each is there, and both lead somewhere",
        stage.is("symlink_file.txt", Kind::Symlink, Status::Ok)
            && stage.is("symlink_dir", Kind::Symlink, Status::Ok),
    )
}

fn hard_link(stage: &mut Stage<'_>) -> Played {
    stage.part("Create a hard link to a file")?;
    stage.run("mklink /H hardlink_file.txt real_file.txt")?;
    let same = match (stage.look("hardlink_file.txt"), stage.look("real_file.txt")) {
        (Some(a), Some(b)) => a.entry.id == b.entry.id && a.entry.links == Some(2),
        _ => false,
    };
    stage.claim(
        "The hard link acts just like the original file, because it is the original file",
        Verdict::True,
        "both names have one file id, and the file counts 2 names",
        same,
    )
}

fn what_they_look_like(stage: &mut Stage<'_>) -> Played {
    stage.part("What they look like")?;
    stage.run("dir")?;
    let (_, listing) = stage.aside("dir")?;
    let has = |text: &str| listing.contains(text);
    stage.claim(
        "the listing: 3 files of 30 bytes, 5 directories, each link with its mark and target",
        Verdict::True,
        "<SYMLINKD> and <SYMLINK> with the text as typed, <JUNCTION> with a full path, two names of 15 bytes",
        has("3 File(s)             30 bytes")
            && has("5 Dir(s)")
            && has("<JUNCTION>     junction_dir [C:\\symlink_test\\real_dir]")
            && has("<SYMLINKD>     symlink_dir [real_dir]")
            && has("<SYMLINK>      symlink_file.txt [real_file.txt]")
            && has("                15 hardlink_file.txt"),
    )
}

fn fsutil(stage: &mut Stage<'_>) -> Played {
    stage.part("Using FSUTIL")?;
    stage.run("del hardlink_file.txt")?;
    stage.run("fsutil hardlink create hardlink_file.txt real_file.txt")?;
    stage.claim(
        "FSUTIL is the same as mklink /H",
        Verdict::True,
        "the file counts 2 names again",
        stage.is("hardlink_file.txt", Kind::Hard, Status::Ok),
    )
}

fn sysinternals(stage: &mut Stage<'_>) -> Played {
    stage.part("Using Junction")?;
    stage.run("rd junction_dir")?;
    let kept = stage.look("real_dir\\inside.txt").is_some();
    stage.run("junction junction_dir real_dir")?;
    stage.claim(
        "Junction is the same as mklink /J",
        Verdict::True,
        "the junction is there again; rd before it took the link and left what is in real_dir",
        stage.is("junction_dir", Kind::Junction, Status::Ok) && kept,
    )
}

fn what_links_are_for(stage: &mut Stage<'_>) -> Played {
    stage.part("Files and directories")?;
    let code = stage.run("mklink /H hard_dir real_dir")?;
    stage.claim(
        "Hard links can only be created for files",
        Verdict::True,
        "a hard link to a directory was refused, and nothing is there",
        code != 0 && stage.is_gone("hard_dir"),
    )?;
    let code = stage.run("linksmith junction junction_file real_file.txt")?;
    stage.claim(
        "Junctions [are links] just for directories",
        Verdict::True,
        "a junction to a file was refused, and nothing is there",
        code != 0 && stage.is_gone("junction_file"),
    )
}

fn across_volumes(stage: &mut Stage<'_>) -> Played {
    stage.part("Across volumes")?;
    stage.run("echo on the other drive>D:\\other.txt")?;
    stage.run("mklink soft_to_d.txt D:\\other.txt")?;
    stage.run("type soft_to_d.txt")?;
    let soft = stage.is("soft_to_d.txt", Kind::Symlink, Status::Ok);
    let code = stage.run("mklink /H hard_to_d.txt D:\\other.txt")?;
    stage.claim(
        "Both soft and hard links must be created on the same volume as the target",
        Verdict::Corrected,
        "hard links only: the soft link to D: works, the hard link was refused",
        soft && code != 0 && stage.is_gone("hard_to_d.txt"),
    )?;
    stage.run("mklink /J junction_to_d D:\\")?;
    let (code, _) = stage.aside("type junction_to_d\\other.txt")?;
    stage.claim(
        "[Junctions] allow you to link directories located on different local volumes",
        Verdict::True,
        "junction_to_d\\other.txt can be read; so can it through a soft link, so this is not the difference",
        stage.is("junction_to_d", Kind::Junction, Status::Ok) && code == 0,
    )?;
    let code = stage.run("mklink /J junction_to_net \\\\server\\share")?;
    stage.run("mklink /D soft_to_net \\\\server\\share")?;
    stage.claim(
        "You can't create a junction to a network location",
        Verdict::True,
        "it was refused; a soft link to one is made (its server is not reached from here)",
        code != 0
            && stage.is_gone("junction_to_net")
            && stage.is("soft_to_net", Kind::Symlink, Status::Unreachable),
    )
}

fn what_the_article_leaves_out(stage: &mut Stage<'_>) -> Played {
    stage.part("What the article does not say")?;
    stage.run("fsutil reparsepoint query junction_dir")?;
    let surrogates = ["junction_dir", "symlink_dir", "symlink_file.txt"]
        .iter()
        .all(|path| {
            let tag = stage.look(path).and_then(|found| found.entry.tag);
            tag.is_some_and(|tag| tag.is_name_surrogate())
        });
    stage.run(
        "linksmith mount --no-undo --dangling volume_dir \\\\?\\Volume{01234567-89ab-cdef-0123-456789abcdef}\\",
    )?;
    stage.claim(
        "There are three kinds of \"symlinks\" on Windows",
        Verdict::Corrected,
        "volume mount points are a fourth, and a tag with the name-surrogate bit makes a link: soft links 0xA000000C, junctions 0xA0000003",
        surrogates && stage.is("volume_dir", Kind::Mount, Status::Unreachable),
    )?;
    let code = stage.run("linksmith soft --no-undo --force real_dir real_file.txt")?;
    stage.claim(
        "the module's -Force replaces what is there",
        Verdict::Corrected,
        "that can empty a directory; here a link gives way, a real directory never does",
        code != 0 && stage.look("real_dir\\inside.txt").is_some(),
    )?;
    names_of_one_file(stage)
}

/// 1024 names, and not one more.
fn names_of_one_file(stage: &mut Stage<'_>) -> Played {
    stage.run("md names")?;
    stage.run("echo many>names\\n0")?;
    let path = |i: usize| {
        let names = ["symlink_test", "names", &format!("n{i}")].map(Name::try_from);
        EntryPath::from_names(names.iter().flatten())
    };
    let step = |i: usize| Step::HardLink {
        existing: path(0),
        new: path(i),
    };
    let steps: Vec<Step> = (1..1024).map(step).collect();
    let made = stage.apply("C:\\", &steps)?;
    let links = stage.look("names\\n0").and_then(|found| found.entry.links);
    let code = stage.run("mklink /H names\\one_more names\\n0")?;
    stage.claim(
        "nothing on limits",
        Verdict::Corrected,
        "a file has at most 1024 names: 1023 were added to one file, the next was refused",
        made && links == Some(1024) && code != 0 && stage.is_gone("names\\one_more"),
    )
}

fn deleting_the_target(stage: &mut Stage<'_>) -> Played {
    stage.part("Deleting the target")?;
    stage.run("del real_file.txt")?;
    let soft = stage.run("type symlink_file.txt")?;
    stage.claim(
        "Deleting the target will cause soft links to stop working",
        Verdict::True,
        "symlink_file.txt is still there and dangles",
        soft != 0 && stage.is("symlink_file.txt", Kind::Symlink, Status::Dangling),
    )?;
    let hard = stage.run("type hardlink_file.txt")?;
    stage.claim(
        "Hard links however will keep right on working until you delete the hard link itself",
        Verdict::True,
        "the contents are there under the name that is left, until the last name goes",
        hard == 0
            && stage
                .look("hardlink_file.txt")
                .is_some_and(|f| f.entry.base == Base::File),
    )?;
    let refused = stage.run("linksmith remove --no-undo hardlink_file.txt")?;
    stage.claim(
        "[deleting] the hard link itself",
        Verdict::Corrected,
        "deletes the file when it is the last name: `linksmith remove` says so and refuses, `del` would not",
        refused != 0 && stage.look("hardlink_file.txt").is_some(),
    )
}
