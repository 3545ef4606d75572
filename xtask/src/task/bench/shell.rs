//! Running other programs.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A program in `PATH` or the system's folders.
pub(crate) fn find_tool(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .chain(["/sbin".into(), "/usr/sbin".into()])
        .map(|dir| dir.join(name))
        .find(|file| std::fs::symlink_metadata(file).is_ok())
}

/// Runs a command to its end; its standard output, or what went wrong.
pub(crate) fn output(command: &mut Command) -> Result<Vec<u8>, String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|e| format!("{command:?}: {e}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{command:?}: {}: {}", output.status, said.trim()));
    }
    Ok(output.stdout)
}

/// The same through a shell, for what is said best in its words. `"$1"`, `"$2"` … are `args`.
pub(crate) fn sh(script: &str, args: &[&Path]) -> Result<String, String> {
    let mut command = Command::new("sh");
    command.args(["-euc", script, "sh"]).args(args);
    let text = output(&mut command)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// The first line of what a shell says, or a dash.
pub(crate) fn line(script: &str) -> String {
    let text = sh(script, &[]).unwrap_or_default();
    match text.lines().next().map(str::trim) {
        Some(line) if !line.is_empty() => line.to_owned(),
        _ => "-".to_owned(),
    }
}

/// Whether this is the root account: caches can be dropped and images mounted.
pub(crate) fn is_root() -> bool {
    line("id -u") == "0"
}
