#!/usr/bin/env bash
# run.sh TARGET [SECONDS]: fuzzes on a stable compiler, where cargo-fuzz wants a nightly one. The corpus of a run is in
# target/corpus; what is kept, in corpus/TARGET, is read only. `run.sh TARGET merge` makes it small again.
set -euo pipefail
cd "$(dirname "$0")"
target=${1:?usage: run.sh TARGET [SECONDS|merge]}
what=${2:-60}
export RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module \
  -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
  -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares"
host=$(rustc -vV | sed -n 's/^host: //p')
# Naming the target keeps the flags away from build scripts.
cargo build -q --release --target "$host" --bin "$target"
mkdir -p "target/corpus/$target" "corpus/$target" artifacts
binary=target/$host/release/$target
if [ "$what" = merge ]; then
  exec "$binary" -merge=1 "corpus/$target" "target/corpus/$target"
fi
exec "$binary" -max_total_time="$what" -len_control=20 -max_len=4200 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
  -artifact_prefix="artifacts/$target-" "target/corpus/$target" "corpus/$target"
