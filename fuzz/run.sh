#!/bin/sh
# Runs one fuzz target: fuzz/run.sh TARGET [SECONDS] [more libFuzzer options].
# A stable compiler is enough: coverage comes from an LLVM pass, and our code has no unsafe code there for sanitizers to watch.
# `cargo +nightly fuzz run ttlv` works too, where a nightly toolchain is.
set -eu
cd "$(dirname "$0")"
target=${1:?a target: see README.md}
seconds=${2:-60}
shift; [ $# -eq 0 ] || shift

host=$(rustc -vV | sed -n 's/^host: //p')
coverage="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing"
# With --target, build scripts and macros are built without coverage.
RUSTFLAGS="$coverage" cargo build --release --target "$host" --bin "$target"
[ -d corpus/"$target" ] || cargo run --quiet --bin seed -- "$target" || mkdir -p corpus/"$target"
mkdir -p artifacts/"$target"
case $target in ttlv|xml|json) longest=16384 ;; *) longest=4096 ;; esac
exec "target/$host/release/$target" -max_total_time="$seconds" -artifact_prefix="artifacts/$target/" \
    -max_len=$longest -timeout=10 "$@" corpus/"$target"
