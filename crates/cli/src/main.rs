//! The `linksmith` command: which tool, verb or prompt was asked for, and nothing else.
#![forbid(unsafe_code)]

mod args;
mod attach;
mod bulk;
mod change;
mod cmd_words;
mod command;
mod describe;
mod error;
mod journal;
mod link_index;
mod manifest;
mod output;
mod plan_file;
mod session;
mod shell;
mod state;
mod tools;
mod transfer;
mod when;

use std::ffi::{OsStr, OsString};
use std::process::ExitCode;

use args::Globals;
use error::CliError;
use output::Console;
use session::Session;

fn main() -> ExitCode {
    let mut words = std::env::args_os();
    let program = words.next().unwrap_or_default();
    let words = cmd_words::as_cmd_gives_them(&program, words.collect());
    let mut session = Session::new(Console::of_process());
    let code = match run(&program, &words, &mut session) {
        Ok(code) => code,
        Err(error) => error::report(&error, &mut session.console),
    };
    match session.console.flush() {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
            error::report_lost_output(e, &mut session.console);
            ExitCode::FAILURE
        }
        _ if cfg!(windows) && session.minus_one && code != 0 => std::process::exit(-1),
        _ => ExitCode::from(code),
    }
}

/// One invocation; the answer is the exit code.
fn run(program: &OsStr, words: &[OsString], session: &mut Session) -> Result<u8, CliError> {
    let (mut globals, rest) = Globals::leading(words)?;
    globals.merge_environment();
    session.set_globals(globals);
    if let Some(tool) = tools::of_program(program) {
        return tools::invoke(tool, session, rest);
    }
    command::dispatch(session, rest)
}
