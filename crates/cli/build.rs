//! Puts the manifest into the Windows program: paths beyond 260 characters, UTF-8 as the code page,
//! and the caller's own rights, never more (`asInvoker`).

use embed_manifest::manifest::{ActiveCodePage, ExecutionLevel, Setting};
use embed_manifest::{embed_manifest, new_manifest};

#[allow(
    clippy::print_stdout,
    reason = "it is how a build script speaks to cargo"
)]
fn main() -> Result<(), std::io::Error> {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var_os("CARGO_CFG_WINDOWS").is_some() {
        let manifest = new_manifest("Linksmith")
            .active_code_page(ActiveCodePage::Utf8)
            .long_path_aware(Setting::Enabled)
            .requested_execution_level(ExecutionLevel::AsInvoker);
        embed_manifest(manifest)?;
    }
    Ok(())
}
