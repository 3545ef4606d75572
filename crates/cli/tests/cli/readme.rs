//! The examples of the README, one after the other: each prints what it says there, to a shell of POSIX (commands that are
//! advised are quoted as the system's own shell wants them).

use linksmith::volume::image::ImageVolume;
use linksmith::{Attributes, EntryPath, Step, Volume};
use testkit::env::TestEnv;

/// A command and the lines below it.
struct Example {
    command: String,
    printed: String,
}

/// Those of one section; a blank line or a line of text ends what is printed.
fn examples(section: &str) -> Vec<Example> {
    let readme = include_str!("../../../../README.md");
    let begin = readme
        .find(&format!("\n## {section}\n"))
        .expect("the section");
    let text = &readme[begin + 4..];
    let text = &text[..text.find("\n## ").unwrap_or(text.len())];
    let mut examples: Vec<Example> = Vec::new();
    let mut printing = false;
    for line in text.lines() {
        let Some(line) = line.strip_prefix("    ") else {
            printing = false;
            continue;
        };
        if let Some(command) = line.strip_prefix("$ ") {
            let (command, printed) = (command.to_owned(), String::new());
            examples.push(Example { command, printed });
            printing = true;
        } else if let Some(example) = examples.last_mut().filter(|_| printing) {
            example.printed += &format!("{line}\n");
        }
    }
    examples
}

/// A command's words, as a shell takes quotes; what stands behind `<` is read.
fn words(command: &str) -> (Vec<String>, Option<String>) {
    let (command, input) = match command.split_once(" < ") {
        Some((command, input)) => (command, Some(input.to_owned())),
        None => (command, None),
    };
    let mut words = vec![String::new()];
    for (number, part) in command.split('\'').enumerate() {
        let quoted = number % 2 == 1;
        for (at, word) in part.split(' ').enumerate() {
            match (quoted, at) {
                (true, 1..) => *words.last_mut().expect("a word") += &format!(" {word}"),
                (false, 1..) => words.push(word.to_owned()),
                (_, 0) => *words.last_mut().expect("a word") += word,
            }
        }
    }
    words.retain(|word| !word.is_empty());
    (words, input)
}

/// What differs from volume to volume and from journal to journal: ids of files, numbers of runs.
fn masked(text: &str) -> String {
    let lines = text.lines().map(|line| match line {
        id if id.starts_with("  id ") => "  id".to_owned(),
        run if run.starts_with("took back ") => {
            let (_, title) = run.split_once(": ").expect("a title");
            format!("took back: {title}")
        }
        _ => line.trim_end().to_owned(),
    });
    lines.map(|line| line + "\n").collect()
}

/// The file that no prompt can make: Cygwin's link, with the system attribute.
fn add_cygwin_link(env: &TestEnv) {
    let at = |path| EntryPath::parse(path).expect("a path");
    let text = "\u{feff}/cygdrive/c/store/tools\0";
    let text = text.encode_utf16().flat_map(u16::to_le_bytes);
    let steps = [
        Step::MakeDir { at: at("cyg") },
        Step::MakeFile {
            at: at("cyg/tools"),
            contents: b"!<symlink>".iter().copied().chain(text).collect(),
        },
        Step::SetMeta {
            at: at("cyg/tools"),
            times: Default::default(),
            attributes: Some(Attributes::SYSTEM),
        },
    ];
    let volume = ImageVolume::open_to_change(&env.join("disk.img"), None).expect("it opens");
    volume.apply(&steps).expect("they are made");
}

#[test]
fn examples_print_what_they_are_said_to_print() {
    let env = crate::env();
    let _ = env.run(&["format", "disk.img", "--size", "64M"]).ok();
    let mut drives = String::new();
    for Example { command, printed } in examples("What it answers") {
        if let Some(name) = command.strip_prefix("cat ") {
            env.file(name, &printed);
            continue;
        }
        if let Some(value) = command.strip_prefix("export LINKSMITH_DRIVES=") {
            drives = value.trim_matches('"').to_owned();
            continue;
        }
        if command.contains("--foreign") {
            add_cygwin_link(&env);
        }
        let (words, input) = words(&command);
        #[allow(clippy::disallowed_methods, reason = "a file of this machine")]
        let input = input.map(|name| std::fs::read_to_string(env.join(name)).expect("the file"));
        let mut run = env.command();
        run.args(&words[1..])
            .env("LINKSMITH_DRIVES", &drives)
            .env("LINKSMITH_STATE", env.join("state"));
        let outcome = env.finish(&mut run, &input.unwrap_or_default());
        assert_eq!(outcome.stderr, "", "{command}");
        assert_eq!(masked(&outcome.stdout), masked(&printed), "{command}");
    }
}
