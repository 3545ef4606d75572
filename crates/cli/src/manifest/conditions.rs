//! `when = { … }`: whether a link of a manifest is wanted on this machine.

use serde::Deserialize;

/// Every condition that is given has to hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct When {
    /// `windows`, `linux`, `macos`, or `unix` for both of the latter.
    os: Option<String>,
    /// `x86_64`, `aarch64`, …
    arch: Option<String>,
    /// An environment variable that is set and not empty; `NAME=VALUE` asks for the value.
    env: Option<String>,
    /// A path that is there.
    exists: Option<String>,
}

impl When {
    /// Why the link is not wanted here; `None` where it is.
    ///
    /// `env` gives a variable's value, `there` says whether a path is there.
    pub(super) fn unmet(
        &self,
        env: impl Fn(&str) -> Option<String>,
        there: impl Fn(&str) -> bool,
    ) -> Option<String> {
        let os = std::env::consts::OS;
        if let Some(want) = self.os.as_deref().filter(|o| !is_os(o, os)) {
            return Some(format!("the system is {os}, not {want}"));
        }
        let arch = std::env::consts::ARCH;
        if let Some(want) = self.arch.as_deref().filter(|a| *a != arch) {
            return Some(format!("the processor is {arch}, not {want}"));
        }
        if let Some(want) = self.env.as_deref().filter(|e| !env_holds(e, &env)) {
            return Some(format!("the environment does not have {want}"));
        }
        let missing = self.exists.as_deref().filter(|path| !there(path))?;
        Some(format!("'{missing}' is not there"))
    }

    /// The texts in which variables are expanded.
    pub(super) fn texts_mut(&mut self) -> impl Iterator<Item = &mut String> {
        self.exists.iter_mut()
    }
}

fn is_os(want: &str, os: &str) -> bool {
    want == os || (want == "unix" && os != "windows")
}

fn env_holds(want: &str, env: impl Fn(&str) -> Option<String>) -> bool {
    match want.split_once('=') {
        Some((name, value)) => env(name).as_deref() == Some(value),
        None => env(want).is_some_and(|value| !value.is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(when: &str, want: Option<&str>) {
        let when: When = toml::from_str(when).expect("a condition");
        let env = |name: &str| (name == "WORK").then(|| "yes".to_owned());
        let got = when.unmet(env, |path| path == "/there");
        assert_eq!(got.as_deref(), want);
    }

    #[test]
    fn conditions() {
        check("", None);
        check("env = 'WORK'", None);
        check("env = 'WORK=yes'\nexists = '/there'", None);
        check(
            "env = 'WORK=no'",
            Some("the environment does not have WORK=no"),
        );
        check("exists = '/gone'", Some("'/gone' is not there"));
        check(
            "arch = 'none'",
            Some(&format!(
                "the processor is {}, not none",
                std::env::consts::ARCH
            )),
        );
        check(
            "os = 'plan9'",
            Some(&format!(
                "the system is {}, not plan9",
                std::env::consts::OS
            )),
        );
    }
}
