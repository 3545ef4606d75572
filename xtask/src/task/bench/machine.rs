//! What the numbers were measured on.

use super::shell::line;

/// Lines of `what: value`.
pub(crate) fn describe() -> Vec<(&'static str, String)> {
    vec![
        (
            "processor",
            line("sed -n 's/^model name[^:]*: //p' /proc/cpuinfo"),
        ),
        ("cores", line("nproc")),
        (
            "caches",
            line("lscpu | sed -n 's/^L[123][^:]*: *//p' | paste -sd ';'"),
        ),
        ("memory", line("sed -n 's/^MemTotal: *//p' /proc/meminfo")),
        ("kernel", line("uname -sr")),
        (
            "file system of the data",
            line("df -T . | awk 'END { print $2 }'"),
        ),
        ("load before", line("cut -d' ' -f1-3 /proc/loadavg")),
        ("rustc", line("rustc --version")),
        ("linksmith", line("git describe --always --dirty")),
    ]
}
