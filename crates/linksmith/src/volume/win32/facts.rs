//! Facts about this system and account, for `doctor`. `None` where the system does not tell.

use std::os::windows::io::AsHandle;

use windows_sys::Win32::Security as security;

use super::sys::{self, Buffer};

fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

/// Major, minor, build.
pub(crate) fn version() -> Option<(u32, u32, u32)> {
    sys::version().ok()
}

/// Wine's version, where this is Wine.
pub(crate) fn wine_version() -> Option<String> {
    sys::wine_version()
}

/// Whether the process has an administrator's full token.
pub(crate) fn is_elevated() -> Option<bool> {
    let token = sys::process_token(security::TOKEN_QUERY).ok()?;
    let mut buffer = Buffer::new(8);
    let filled = sys::token_info(token.as_handle(), security::TokenElevation, &mut buffer).ok()?;
    Some(buffer.bytes(filled).iter().any(|byte| *byte != 0))
}

/// A privilege of the process: not held (`Some(None)`), or held and whether it is enabled.
pub(crate) fn privilege(name: &str) -> Option<Option<bool>> {
    let luid = sys::privilege_luid(&wide(name)).ok()?;
    let token = sys::process_token(security::TOKEN_QUERY).ok()?;
    let mut buffer = Buffer::new(4096);
    let filled = sys::token_info(token.as_handle(), security::TokenPrivileges, &mut buffer).ok()?;
    let attributes = super::info::privilege_attributes(buffer.bytes(filled), luid);
    Some(attributes.map(|bits| bits & security::SE_PRIVILEGE_ENABLED != 0))
}

/// A number below `HKEY_LOCAL_MACHINE`.
pub(crate) fn machine_dword(key: &str, value: &str) -> Option<u32> {
    sys::machine_dword(&wide(key), &wide(value)).ok()
}

/// Redirection Guard of this process: bit 0 enforced, bit 1 watched.
pub(crate) fn redirection_guard() -> Option<u32> {
    sys::redirection_trust_policy().ok()
}
