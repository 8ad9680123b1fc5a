#!/usr/bin/env bash
# Installs what is missing, builds in release mode and runs all tests. Arguments go to `swift test`, such as --filter Affine.
set -euo pipefail
cd "$(dirname "$0")/.."
bash pipelines/install-dependencies.sh
# The tests use public and package symbols only, so the build is the same as that of `swift build -c release`.
swift build -c release --build-tests
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! swift test -c release --skip-build --disable-testable-imports "$@" 2>&1 | tee "$log"; then
  # Thousands of lines stand above: what failed is said once more, last.
  printf '\n== what failed\n'
  grep -aE -A 12 '✘|recorded an issue|Fatal error|Crash:' "$log" | grep -avE '✔|◇' | head -n 200
  exit 1
fi
