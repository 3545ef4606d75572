//! `soft`, `hard`, `junction`, `mount`.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};

use clap::ValueEnum;
use linksmith::ops::create::{
    self, Carrier, CreateCause, CreateError, Creation, Request, Spelled, Want,
};
use linksmith::volume::{Drives, PathStyle};
use linksmith::{ErrorClass, LinkKind};

use crate::change::{Carried, ChangeArgs, Stopped, last_name};
use crate::describe::{Description, words_of_link};
use crate::error::{CliError, Exit};
use crate::output::{json, visible};
use crate::session::{EMPTY_HINT, Session, located, located_on};

/// What `soft`, `hard`, `junction` and `mount` have in common.
#[derive(Debug, Clone, Default, clap::Args)]
struct CreateArgs {
    /// Replace a link that is there, never a real file or directory
    #[arg(short, long)]
    force: bool,
    /// Keep a link that is replaced beside, under another name
    #[arg(short, long)]
    backup: bool,
    /// Where the volume cannot hold this kind make this other one, and say so; several are tried in order
    #[arg(long = "or", value_name = "KIND", value_delimiter = ',')]
    or: Vec<KindArg>,
    /// Take a target that is not there
    #[arg(long)]
    dangling: bool,
    /// Make the folders on the way to the link that are not there
    #[arg(short, long)]
    parents: bool,
    /// Make a link to each TARGET in this directory, under the target's own name
    #[arg(short = 't', long = "target-directory", value_name = "DIR")]
    into: Option<OsString>,
    #[command(flatten)]
    change: ChangeArgs,
    /// The link, then its target; with -t targets only
    #[arg(value_name = "LINK TARGET", required = true, num_args = 1..)]
    names: Vec<OsString>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum KindArg {
    /// A soft link
    Soft,
    /// A hard link
    Hard,
    /// A junction
    Junction,
    /// A volume mount point
    Mount,
}

impl KindArg {
    fn want(self) -> Want {
        match self {
            Self::Soft => Want::Soft(Carrier::Auto),
            Self::Hard => Want::Hard,
            Self::Junction => Want::Junction,
            Self::Mount => Want::Mount,
        }
    }
}

/// Make a soft link (a symbolic link)
///
/// Which of Windows' two kinds it becomes follows from its target, looked at from the link's own folder.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Soft {
    /// Whether it is for a file or a directory; auto looks at the target
    #[arg(long, value_name = "KIND", value_enum, default_value = "auto")]
    kind: CarrierArg,
    /// Store the target relative to the link's folder
    #[arg(long, conflicts_with_all = ["absolute", "as_is"])]
    relative: bool,
    /// Store the target's whole path
    #[arg(long, conflicts_with = "as_is")]
    absolute: bool,
    /// Store the target as it is typed (the default)
    #[arg(long)]
    as_is: bool,
    #[command(flatten)]
    common: CreateArgs,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum CarrierArg {
    #[default]
    Auto,
    File,
    Dir,
}

impl super::Command for Soft {
    const NAME: &'static str = "soft";
    const EXAMPLES: &'static str = "
  linksmith soft symlink_dir real_dir
  linksmith soft --relative C:\\a\\link C:\\b\\file.txt
  linksmith soft --kind dir --dangling later not-yet-there
  linksmith soft --relative -t links a.txt b.txt   links\\a.txt and links\\b.txt";

    fn plain(words: &[OsString]) -> Option<Self> {
        let common = CreateArgs::plain(words)?;
        Some(Self {
            common,
            ..Self::default()
        })
    }

    fn run(self, session: &mut Session) -> Result<Exit, CliError> {
        let carrier = match self.kind {
            CarrierArg::Auto => Carrier::Auto,
            CarrierArg::File => Carrier::File,
            CarrierArg::Dir => Carrier::Dir,
        };
        let spelled = match () {
            () if self.relative => Spelled::Relative,
            () if self.absolute => Spelled::Absolute,
            () => Spelled::AsIs,
        };
        self.common.run(session, Want::Soft(carrier), spelled)
    }
}

/// Give a file another name (a hard link)
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Hard {
    #[command(flatten)]
    common: CreateArgs,
}

impl super::Command for Hard {
    const NAME: &'static str = "hard";
    const EXAMPLES: &'static str = "
  linksmith hard hardlink_file.txt real_file.txt
  linksmith hard --or soft E:\\link.txt C:\\file.txt    a soft link where the volumes differ";

    fn plain(words: &[OsString]) -> Option<Self> {
        CreateArgs::plain(words).map(|common| Self { common })
    }

    fn run(self, session: &mut Session) -> Result<Exit, CliError> {
        self.common.run(session, Want::Hard, Spelled::AsIs)
    }
}

/// Make a junction to a local directory
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Junction {
    #[command(flatten)]
    common: CreateArgs,
}

impl super::Command for Junction {
    const NAME: &'static str = "junction";
    const EXAMPLES: &'static str = "
  linksmith junction junction_dir real_dir
  linksmith --drive C=disk.img junction C:\\current C:\\versions\\2
  linksmith junction --or soft link dir         a soft link where there are no junctions";

    fn plain(words: &[OsString]) -> Option<Self> {
        CreateArgs::plain(words).map(|common| Self { common })
    }

    fn run(self, session: &mut Session) -> Result<Exit, CliError> {
        self.common.run(session, Want::Junction, Spelled::AsIs)
    }
}

/// Mount a volume on a directory: the target is \\?\Volume{GUID}\
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Mount {
    #[command(flatten)]
    common: CreateArgs,
}

impl super::Command for Mount {
    const NAME: &'static str = "mount";
    const EXAMPLES: &'static str = "
  linksmith mount C:\\data \\\\?\\Volume{0a1b2c3d-0000-0000-0000-100000000000}\\
  linksmith --drive C=disk.img,part=1 --drive D=disk.img,part=2 mount C:\\data D:";

    fn plain(words: &[OsString]) -> Option<Self> {
        CreateArgs::plain(words).map(|common| Self { common })
    }

    fn run(self, session: &mut Session) -> Result<Exit, CliError> {
        self.common.run(session, Want::Mount, Spelled::AsIs)
    }
}

impl CreateArgs {
    /// Two names and no option.
    fn plain(words: &[OsString]) -> Option<Self> {
        let plain =
            words.len() == 2 && !words.iter().any(|w| w.as_encoded_bytes().starts_with(b"-"));
        plain.then(|| Self {
            names: words.to_vec(),
            ..Self::default()
        })
    }

    fn run(&self, session: &mut Session, want: Want, spelled: Spelled) -> Result<Exit, CliError> {
        let request = |link: OsString, target: &OsString| Request {
            or: self.or.iter().map(|k| k.want()).collect(),
            spelled: if matches!(want, Want::Soft(_)) {
                spelled
            } else {
                fall_back_spelling(&link)
            },
            force: self.force,
            backup: self.backup,
            dangling: self.dangling,
            parents: self.parents,
            ..Request::new(want, link, target)
        };
        let Some(dir) = &self.into else {
            return match self.names.as_slice() {
                [link, target] => {
                    self.make(session, request(link.clone(), target))?;
                    Ok(Exit::Done)
                }
                [_] => Err(
                    CliError::usage("the target is missing: LINK TARGET are needed")
                        .hint("`-t DIR TARGET...` makes links in a directory."),
                ),
                _ => Err(CliError::usage("there are more names than LINK and TARGET")
                    .hint("`-t DIR TARGET...` makes several links in a directory.")),
            };
        };
        let windows = session.drives()?.style() == PathStyle::Windows;
        super::each(session, &self.names, |session, _, target| {
            let target = target.to_owned();
            let name = last_name(&target, windows).ok_or_else(|| {
                let shown = target.to_string_lossy();
                CliError::usage(format!("'{shown}' has no name of its own to link under"))
            })?;
            let mut link = dir.clone();
            link.push(if windows { "\\" } else { "/" });
            link.push(name);
            self.make(session, request(link, &target))
        })
    }

    /// Plans a link, makes it, and says so. Where a volume refuses the kind only when it is tried, the
    /// next one of `--or` has its turn.
    fn make(&self, session: &mut Session, mut request: Request) -> Result<(), CliError> {
        loop {
            let drives = session.drives()?;
            let creation =
                create::plan(&drives, &request).map_err(|e| not_made(&drives, &request, &e))?;
            match self.change.carry_out(session, &creation.plan) {
                Ok(Carried::Done) => return report(session, &request, &creation),
                Ok(Carried::Shown) => return Ok(()),
                Err(Stopped::Volume(refused, error)) => {
                    let Some(next) = request.fall_back(&refused) else {
                        return Err(error);
                    };
                    let message = format!("made a {} instead: {}", next.want, error.line());
                    session.console.warn(&message, None)?;
                    request = next;
                }
                Err(Stopped::Other(error)) => return Err(error),
            }
        }
    }
}

/// How a soft link made in another kind's place spells its target. The other kinds take a target from
/// the current directory; as it is typed that is right for a link in this directory alone.
fn fall_back_spelling(link: &OsStr) -> Spelled {
    let elsewhere = link
        .as_encoded_bytes()
        .iter()
        .any(|b| matches!(b, b'/' | b'\\' | b':'));
    if elsewhere {
        Spelled::Absolute
    } else {
        Spelled::AsIs
    }
}

/// The error of a link that cannot be planned: what the volume or the path say, else what `create` says.
pub(super) fn not_made(drives: &Drives, request: &Request, error: &CreateError) -> CliError {
    let link = request.link.as_encoded_bytes();
    let inner = match &*error.cause {
        CreateCause::Link(e) => Some(located_on(drives, &request.link, e.clone())),
        CreateCause::Target(e) => Some(located_on(drives, &request.target, e.clone())),
        CreateCause::Volume(e) => Some(CliError::cannot(e.op, link, &e.cause)),
        _ => None,
    };
    let what = format!("cannot make the {} '{}'", error.want, visible(link));
    let mut shown = match inner {
        Some(inner) => CliError {
            message: format!("{what}: {}", cause_of(&inner.message)),
            ..inner
        },
        None => CliError {
            code: error.cause.win32(),
            hint: hint(error),
            ..CliError::new(exit(&error.cause), format!("{what}: {}", error.cause))
        },
    };
    shown.path = Some(link.to_vec());
    shown
}

/// What stands behind `cannot OP 'PATH': `, which would say the same twice.
fn cause_of(message: &str) -> &str {
    message
        .split_once("': ")
        .map_or(message, |(_, cause)| cause)
}

fn hint(error: &CreateError) -> Option<Cow<'static, str>> {
    let cause = &*error.cause;
    if matches!(cause, CreateCause::EmptyTarget) {
        return Some(EMPTY_HINT.into());
    }
    if matches!(cause, CreateCause::Loop { .. }) {
        return Some(
            "A relative target starts at the link's folder; with `--relative` or `--absolute` it \
             starts here."
                .into(),
        );
    }
    cause.hint(error.want).map(Cow::Owned)
}

/// What is not well-formed is wrong usage; what would not work as a link is refused.
fn exit(cause: &CreateCause) -> Exit {
    match cause.class() {
        _ if matches!(cause, CreateCause::WrongKind { .. }) => Exit::Unsafe,
        ErrorClass::NotFound => Exit::NotFound,
        ErrorClass::Exists => Exit::Exists,
        ErrorClass::Denied => Exit::Denied,
        ErrorClass::Unsupported => Exit::Unsupported,
        ErrorClass::Damaged => Exit::Damaged,
        ErrorClass::Invalid => Exit::Usage,
        ErrorClass::Other => Exit::Partly,
    }
}

fn report(session: &mut Session, request: &Request, made: &Creation) -> Result<(), CliError> {
    if session.console.json {
        let drives = session.drives()?;
        let description = Description::of(&drives, &made.link).map_err(located)?;
        return Ok(session.console.line(json::to_line(&description.json()))?);
    }
    let link = visible(request.link.as_encoded_bytes());
    let line = match &made.text {
        Some(text) => {
            let dir = matches!(made.kind, LinkKind::Symlink { dir: true });
            let (kind, target) = words_of_link(text, dir);
            format!("{kind} {link} -> {target}")
        }
        None => format!(
            "hard link {link} = {}",
            visible(request.target.as_encoded_bytes())
        ),
    };
    Ok(session.console.note(line)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Command;

    fn parsed<C: Command>(words: &[OsString]) -> C {
        let command = C::augment_args(clap::Command::new("test").no_binary_name(true));
        let matches = command.try_get_matches_from(words).expect("well-formed");
        C::from_arg_matches(&matches).expect("well-formed")
    }

    #[test]
    fn the_short_way_reads_what_the_parser_reads() {
        fn check<C: Command + std::fmt::Debug>() {
            let words = ["link".into(), "target".into()];
            let plain = C::plain(&words).expect("two names");
            assert_eq!(format!("{plain:?}"), format!("{:?}", parsed::<C>(&words)));
            assert!(C::plain(&["-n".into(), "target".into()]).is_none());
            assert!(C::plain(&["link".into()]).is_none());
        }
        check::<Soft>();
        check::<Hard>();
        check::<Junction>();
        check::<Mount>();
    }
}
