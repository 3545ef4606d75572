//! What a drive letter stands for: pure reading of what `QueryDosDeviceW` says.

/// What the device name behind a drive letter says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A device of this machine: `\Device\HarddiskVolume3`.
    Device,
    /// `SUBST`: the letter is a folder of another drive or of a share.
    Subst(String),
    /// A mapped share: `\\server\share`.
    Mapped(String),
}

/// Reads a device name.
///
/// `SUBST` puts an NT path there (`\??\C:\dir`, `\??\UNC\server\share`). A redirector puts its own name,
/// a part that begins with `;` and the letter, and the share:
/// `\Device\Mup\;LanmanRedirector\;Z:0000000000012345\server\share`, or without `Mup` and its `;`.
pub(super) fn meaning(device: &str) -> Meaning {
    if let Some(path) = device.strip_prefix(r"\??\") {
        return Meaning::Subst(match path.strip_prefix(r"UNC\") {
            Some(share) => format!(r"\\{share}"),
            None => path.to_owned(),
        });
    }
    let mut parts = device
        .split('\\')
        .skip_while(|part| !part.starts_with(';'))
        .peekable();
    if parts.peek().is_none() {
        return Meaning::Device;
    }
    let share: Vec<&str> = parts.skip_while(|part| part.starts_with(';')).collect();
    Meaning::Mapped(format!(r"\\{}", share.join(r"\")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subst_mapped_and_local_are_told_apart() {
        let check = |device: &str, wanted: Meaning| assert_eq!(meaning(device), wanted, "{device}");
        check(r"\Device\HarddiskVolume3", Meaning::Device);
        check(r"\??\C:\real dir", Meaning::Subst(r"C:\real dir".into()));
        check(
            r"\??\UNC\srv\sh\dir",
            Meaning::Subst(r"\\srv\sh\dir".into()),
        );
        check(
            r"\Device\LanmanRedirector\;Z:0000000000012345\srv\sh",
            Meaning::Mapped(r"\\srv\sh".into()),
        );
        check(
            r"\Device\Mup\;LanmanRedirector\;Z:0000000000012345\srv\sh\dir",
            Meaning::Mapped(r"\\srv\sh\dir".into()),
        );
        check("", Meaning::Device);
    }
}
