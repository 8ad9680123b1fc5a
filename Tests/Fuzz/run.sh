#!/usr/bin/env bash
# Feeds damaged files to the readers of untrusted bytes, under libFuzzer and the address sanitizer.
#   bash Tests/Fuzz/run.sh LIMIT [TARGET...]     -max_total_time=SECONDS or -runs=COUNT for each target, all by default
# Starts from Corpus/ (made by make_corpus.py) and what earlier runs found (.build/found/). An input that crashes, takes over
# a second of the processor or an allocation over 80 MiB (the limit of 16 MiB given to the readers, and 64) is left in
# .build/crashes/ and ends the run with 1; make a named test of it.
set -euo pipefail
cd "$(dirname "$0")"
limit=${1:?-max_total_time=SECONDS or -runs=COUNT expected}
shift
targets=("$@")
[ "${#targets[@]}" -gt 0 ] || targets=(header nifti nifti-gz gzip png jpeg safetensors yaml)

build=(-c release --product Fuzz --sanitize fuzzer --sanitize address -Xswiftc -gnone -Xcc -fsanitize=fuzzer-no-link,address)
swift build "${build[@]}" >&2
program=$(swift build "${build[@]}" --show-bin-path)/Fuzz
mkdir -p .build/crashes

code=0
total=0
for target in "${targets[@]}"; do
  found=.build/found/$target
  mkdir -p "$found"
  log=.build/$target.log
  # A Swift trap is a crash like any other; its own backtrace would take longer than the run. The clock is for what never
  # comes back only, as other work may stand in the way.
  FUZZ_TARGET=$target SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 \
    "$program" "$limit" -max_len=8192 -timeout=60 -rss_limit_mb=512 -malloc_limit_mb=80 -print_final_stats=1 \
    -artifact_prefix=".build/crashes/$target-" "$found" "Corpus/${target%-gz}" >"$log" 2>&1 || {
    code=1
    echo "FAILED  $target: $(grep -m1 -E 'ERROR|Fatal error|broken promise|SUMMARY' "$log" || tail -1 "$log")"
  }
  executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  total=$((total + ${executions:-0}))
  echo "$target: ${executions:-0} executions, $(grep -oE 'cov: [0-9]+' "$log" | tail -1 || true), $(find "$found" -type f | wc -l) inputs found"
done
echo "fuzz: $total executions"
exit $code
