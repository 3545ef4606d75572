//! Where the program keeps what it has to know later.

use std::env;
use std::path::PathBuf;

/// `LINKSMITH_STATE`, else the system's folder for state. `None` where the environment names neither.
pub(crate) fn dir() -> Option<PathBuf> {
    let set = |name: &str| {
        let value = env::var_os(name).filter(|v| !v.is_empty())?;
        Some(PathBuf::from(value))
    };
    if let Some(dir) = set("LINKSMITH_STATE") {
        return Some(dir);
    }
    if cfg!(windows) {
        return Some(set("LOCALAPPDATA")?.join("linksmith"));
    }
    if cfg!(target_os = "macos") {
        return Some(set("HOME")?.join("Library/Application Support/linksmith"));
    }
    let state = set("XDG_STATE_HOME").or_else(|| Some(set("HOME")?.join(".local/state")));
    Some(state?.join("linksmith"))
}
