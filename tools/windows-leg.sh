#!/usr/bin/env bash
# Builds linksmith for Windows on a Debian-like machine and runs its tests under Wine; type-checks it for macOS.
#
#   tools/windows-leg.sh setup               the target's std, the linker, Wine 10 (cached outside the repository)
#   tools/windows-leg.sh check               build and clippy for -gnu, clippy for -msvc, tests included; imports
#   tools/windows-leg.sh test [CARGO ARGS]   `cargo test --target x86_64-pc-windows-gnu` under Wine
#   tools/windows-leg.sh release             the program to hand out: its size, and the DLLs that it needs
#   tools/windows-leg.sh run EXE [ARGS]      one Windows program under Wine, the tree at its own path
#   tools/windows-leg.sh macos               type-check for aarch64-apple-darwin
#   tools/windows-leg.sh env                 the variables for a shell of one's own: eval "$(... env)"
#
# Exit status: cargo's; 3 when the std of the target cannot be had here, 4 when Wine cannot.
#
# The std: people use `rustup target add x86_64-pc-windows-gnu`, and where that is installed it is used.
# Where it is not, the sources of the std are built once, into a copy (hard links) of the toolchain: the
# `rust-src` of the toolchain itself, or Debian's package of the very same version. For the targets that are
# only checked, its metadata alone are made.
# Wine: 10 or newer. Older ones lack bcryptprimitives.dll, and no current Rust program starts. Where the
# system has none, one is put into a chroot of its own; each run sees the tree through a mount namespace
# that ends with it, so that deleting the cache can never reach the tree.
set -euo pipefail

top=$(cd "$(dirname "$0")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/linksmith
gnu=x86_64-pc-windows-gnu
msvc=x86_64-pc-windows-msvc
darwin=aarch64-apple-darwin
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

say() { echo "windows-leg: $*" >&2; }
cannot() { say "$2"; exit "$1"; }
have() { command -v "$1" >/dev/null; }
install_debian() {
    have apt-get && [ "$(id -u)" = 0 ] || return 1
    say "installing $*"
    { apt-get update -q && apt-get install -y -q --no-install-recommends "$@"; } >"$cache/apt.log" 2>&1
}
mirror() {
    sed -n 's/^URIs: *//p; s/^deb \(\[[^]]*\] \)\?\([^ ]*\) .*/\2/p' \
        /etc/apt/sources.list.d/*.sources /etc/apt/sources.list 2>/dev/null | grep -m 1 . || true
}

# --- the toolchain ------------------------------------------------------------------------------------

version=$(rustc --version | cut -d' ' -f2)
sysroot=$(realpath "$(rustc --print sysroot)")
toolchain=$sysroot
std_of() { ls "$1/lib/rustlib/$2/lib"/libstd-*.r* >/dev/null 2>&1; }

# The folder of the std's sources, into $library.
find_sources() {
    library=$sysroot/lib/rustlib/src/rust/library
    [ -e "$library/std" ] && return
    library=$cache/rust-src-$version/library
    [ -e "$library/std" ] && return
    say "fetching rust-src $version from Debian's backports"
    fetch_debian_sources || cannot 3 "no std for $gnu: \`rustup target add $gnu\` is the usual way; neither that, nor the toolchain's rust-src, nor Debian's rust-src $version is here. Nothing was checked for Windows."
}

fetch_debian_sources() {
    have apt-get && have dpkg-deb || return 1
    local apt=$cache/apt at; at=$(mirror); [ -n "$at" ] || return 1
    mkdir -p "$apt/lists/partial" "$apt/archives/partial"
    for suite in trixie-backports trixie sid; do echo "deb [signed-by=$keyring] $at $suite main"; done >"$apt/sources.list"
    local o=(-o "Dir::State::lists=$apt/lists" -o "Dir::Cache=$apt" -o "Dir::Etc::sourcelist=$apt/sources.list"
        -o Dir::Etc::sourceparts=/dev/null -o Dir::State::status=/dev/null -o APT::Sandbox::User=root)
    apt-get "${o[@]}" update -q >"$cache/apt.log" 2>&1 || return 1
    local package; package=$(apt-cache "${o[@]}" madison rust-src | awk '{print $3}' | grep -F -m 1 "$version+") || return 1
    (cd "$apt" && apt-get "${o[@]}" download -q "rust-src=$package" >>"$cache/apt.log" 2>&1) || return 1
    local into=$cache/rust-src-$version; rm -rf "$into.new"; mkdir -p "$into.new"
    dpkg-deb --fsys-tarfile "$apt"/rust-src_*.deb | tar -x -C "$into.new" --strip-components=4 "./usr/src/rustc-$version/library"
    rm -rf "$apt" "$into"; mv "$into.new" "$into"
}

# Gives the copy of the toolchain a std for target $1, built from $library; only checked where $2 is `check`.
build_std() {
    local target=$1 how=$2 seed kind=rlib; seed=$(mktemp -d)
    [ "$how" = check ] && kind=rmeta
    say "making the std for $target (under a minute)"
    mkdir "$seed/src"; : >"$seed/src/lib.rs"
    printf '[package]\nname = "stdseed"\nversion = "0.0.0"\nedition = "2021"\n' >"$seed/Cargo.toml"
    # With bitcode, as rustup's own: optimised builds want it for link-time optimisation.
    (cd "$seed" && PATH=$toolchain/bin:$PATH RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=$seed/target RUSTFLAGS=-Cembed-bitcode=yes nice \
        cargo "$how" -q --release -Zbuild-std=std,panic_unwind,panic_abort,test,proc_macro --target "$target") >"$cache/std.log" 2>&1 ||
        { tail -n 20 "$cache/std.log" >&2; rm -rf "$seed"; cannot 3 "the std for $target did not build"; }
    local lib=$toolchain/lib/rustlib/$target/lib
    mkdir -p "$lib.new"
    find "$seed/target/$target/release/deps" -name "*.$kind" ! -name 'libstdseed*' -exec cp {} "$lib.new/" \;
    date +%s%N >"$lib.new/.made"
    rm -rf "$lib" "$seed"; mv "$lib.new" "$lib"
}

# What was built with another std of ours cannot be used with this one, and cargo does not see the difference.
drop_what_is_stale() {
    local target made here; for target in $gnu $msvc $darwin; do
        made=$toolchain/lib/rustlib/$target/lib/.made here=$top/target/windows/$target
        [ -e "$made" ] || continue
        cmp -s "$made" "$here/.std" || { rm -rf "$here"; mkdir -p "$here"; cp "$made" "$here/.std"; }
    done
}

setup_linker() {
    mkdir -p "$cache"
    have x86_64-w64-mingw32-gcc || install_debian gcc-mingw-w64-x86-64-win32 ||
        cannot 3 "no x86_64-w64-mingw32-gcc here: install gcc-mingw-w64-x86-64-win32"
}

# Sees to it that $toolchain has a std for target $1: rustup's own, or else one in a copy of the toolchain.
setup_std() {
    mkdir -p "$cache"
    std_of "$sysroot" "$1" && return
    toolchain=$cache/toolchain-$version
    std_of "$toolchain" "$1" && return
    find_sources
    [ -e "$toolchain" ] || copy_toolchain
    build_std "$1" "$2"
}

copy_toolchain() {
    local into=$toolchain.new part
    rm -rf "$into"; mkdir -p "$into"
    for part in bin lib libexec; do
        [ -e "$sysroot/$part" ] || continue
        cp -al "$sysroot/$part" "$into/" 2>/dev/null || cp -a "$sysroot/$part" "$into/"
    done
    # Links only: what rustup installed stays where it is.
    rm -rf "$into/lib/rustlib/src"; mkdir -p "$into/lib/rustlib/src/rust"
    ln -s "$library" "$into/lib/rustlib/src/rust/library"
    mv "$into" "$toolchain"
}

setup_windows() { setup_linker; setup_std $gnu build; setup_std $msvc check; }

# --- Wine ---------------------------------------------------------------------------------------------

root=$cache/wine-10
wine_env=(LC_ALL=C.UTF-8 "WINEDEBUG=${WINEDEBUG--all}" WINEDLLOVERRIDES='mscoree=d;mshtml=d' XDG_RUNTIME_DIR=/tmp)

system_wine() {
    have wine && [ "$(wine --version 2>/dev/null | sed 's/^wine-\([0-9]*\).*/\1/')" -ge 10 ] 2>/dev/null
}

setup_wine() {
    system_wine && return
    [ -e "$root/.ready" ] && return
    [ "$(id -u)" = 0 ] || cannot 4 "Wine 10 is not installed, and without root no chroot can be made for it"
    have debootstrap || install_debian debootstrap || cannot 4 "no debootstrap here"
    local at; at=$(mirror); [ -n "$at" ] || cannot 4 "no Debian mirror is known here"
    say "making a chroot with Wine 10 (two minutes, 2 GB)"
    rm -rf "$root"
    debootstrap --variant=minbase --include=ca-certificates --keyring=$keyring trixie "$root" "$at" >"$cache/wine.log" 2>&1 ||
        cannot 4 "debootstrap failed: $(tail -n 1 "$cache/wine.log")"
    cp /etc/resolv.conf "$root/etc/"
    chroot "$root" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 \
        bash -c 'apt-get install -y -q --no-install-recommends wine wine64 && apt-get clean' >>"$cache/wine.log" 2>&1 ||
        cannot 4 "Wine did not install: $(tail -n 1 "$cache/wine.log")"
    touch "$root/.ready"
}

# A Wine prefix for each tree: two trees may test at once, and a Wine server sees only its own mounts.
prefix=/root/prefix-$(printf %s "$top" | cksum | cut -d' ' -f1)

# Runs a command line under Wine's environment, in the chroot where there is one.
in_wine() {
    local keep; mapfile -t keep < <(env | grep -E '^(CI|CARGO_|RUST_|INSTA_|PROPTEST_|LINKSMITH_|TESTKIT_)[A-Z_0-9a-z]*=' | grep -v '^CARGO_HOME=' || true)
    if system_wine; then
        exec env "${wine_env[@]}" "WINEPREFIX=$cache/$(basename "$prefix")" "${keep[@]}" "$@"
    fi
    export leg_root=$root leg_top=$top leg_pwd=$PWD
    exec unshare --mount --propagation private bash -c '
        set -e
        mkdir -p "$leg_root$leg_top"
        mount --bind "$leg_top" "$leg_root$leg_top"
        mount -t proc proc "$leg_root/proc"
        exec chroot "$leg_root" /usr/bin/env -i HOME=/root PATH=/usr/lib/wine:/usr/bin:/bin "$@"
    ' _ "${wine_env[@]}" "WINEPREFIX=$prefix" "${keep[@]}" /bin/bash -c 'cd "$1"; shift; exec "$@"' _ "$PWD" "$@"
}

setup_prefix() {
    local at=$root$prefix; system_wine && at=$cache/$(basename "$prefix")
    if [ ! -e "$at/.ready" ]; then
        say "making a Wine prefix"
        # Wine fills a folder that is not there; one that is there it takes for a prefix, whatever it lacks.
        rm -rf "$at"
        (cd "$top" && in_wine timeout 600 bash -c 'wine wineboot -i; wineserver -w') >"$cache/prefix.log" 2>&1 ||
            cannot 4 "no Wine prefix: $(tail -n 1 "$cache/prefix.log")"
        touch "$at/.ready"
    fi
    # A raw volume for the tests: what Wine opens as \\.\Y:, an empty file of 16 MiB.
    ln -sfn ../raw-volume "$at/dosdevices/y::"; truncate -s 16M "$at/raw-volume"
}

# --- the modes ----------------------------------------------------------------------------------------

variables() {
    echo "PATH=$toolchain/bin:$PATH"
    echo "CARGO_TARGET_DIR=$top/target/windows"
    echo "CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER=x86_64-w64-mingw32-gcc"
    echo "CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER=$top/tools/windows-leg.sh run"
}
use_variables() { drop_what_is_stale; local line; while IFS= read -r line; do export "${line?}"; done < <(variables); }

# xtask's long runs are for this machine alone.
crates=(--workspace --exclude xtask)

lint() {
    say "clippy for $1"
    cargo clippy -q "${crates[@]}" --all-targets --locked --target "$1" -- -D warnings
}

# Each of these is part of every Windows since 7 (api-ms-win-*: a set of names for parts of those). What a compiler
# brings of its own (libgcc, winpthread, vcruntime) is linked in or missing on most machines.
system_dlls='^(advapi32|bcrypt|bcryptprimitives|gdi32|kernel32|kernelbase|msvcrt|ntdll|shell32|user32|userenv|ws2_32|api-ms-win-[a-z0-9-]+)\.dll$'

imports() {
    local dlls strange
    dlls=$(x86_64-w64-mingw32-objdump -p "$1" | sed -n 's/^\s*DLL Name: //p' | tr 'A-Z' 'a-z' | sort -u)
    strange=$(grep -Ev "$system_dlls" <<<"$dlls" || true)
    [ -n "$dlls" ] || { say "the imports of $1 cannot be read"; return 1; }
    [ -z "$strange" ] || { say "$1 needs what is no part of Windows: $(xargs <<<"$strange")"; return 1; }
    say "imports of the system's own alone: $(xargs <<<"$dlls")"
}

mode=${1:-help}; shift || true
case $mode in
setup)
    # Wine is waiting for the network, the std for the processor.
    (setup_wine; setup_prefix) & wine=$!
    setup_windows
    wait $wine
    say "ready: rustc $version for $gnu and $msvc, Wine" ;;
check)
    setup_windows; use_variables; cd "$top"
    say "building for $gnu"; cargo build -q "${crates[@]}" --locked --target $gnu
    imports "$CARGO_TARGET_DIR/$gnu/debug/linksmith.exe"
    lint $gnu
    lint $msvc
    say "checked: $gnu builds, $gnu and $msvc pass clippy, tests included"
    ;;
macos)
    setup_std $darwin check; use_variables; cd "$top"
    # Widths of fields differ between the Unix systems, and clippy finds the conversions needless here.
    say "type-checking for $darwin"
    RUSTFLAGS="-D warnings" cargo check -q "${crates[@]}" --all-targets --locked --target $darwin
    say "checked: the types are right for $darwin, tests included; nothing was linked or run"
    ;;
test)
    setup_linker; setup_std $gnu build; setup_wine; setup_prefix; use_variables; cd "$top"
    [ $# -gt 0 ] || set -- "${crates[@]}" --locked --no-fail-fast
    log=$(mktemp); trap 'rm -f "$log"' EXIT
    export INSTA_UPDATE=no LINKSMITH_TEST_DEVICE='\\.\Y:'
    # Where rustdoc puts its tests: in the tree, which is all that the chroot sees.
    export TMPDIR=$CARGO_TARGET_DIR/tmp; mkdir -p "$TMPDIR"
    status=0; cargo test --target $gnu "$@" 2>&1 | tee "$log" || status=$?
    tools/test-summary "under Wine" <"$log"
    exit "$status"
    ;;
release)
    setup_linker; setup_std $gnu build; use_variables; cd "$top"
    say "building for $gnu, optimised"; cargo build -q --release --locked -p linksmith-cli --target $gnu
    exe=$CARGO_TARGET_DIR/$gnu/release/linksmith.exe
    imports "$exe"
    say "$(stat -c %s "$exe") bytes: $exe"
    ;;
run)
    exe=$(realpath "$1"); shift
    in_wine wine "$exe" "$@"
    ;;
env) setup_linker; setup_std $gnu build >&2; variables | sed "s/^/export /; s/=\(.*\)/='\1'/" ;;
*) sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0"; [ "$mode" = help ] ;;
esac
