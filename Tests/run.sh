#!/usr/bin/env bash
# Installs what is missing, builds in release mode and runs all tests. Arguments go to `swift test`, such as --filter Affine.
set -euo pipefail
cd "$(dirname "$0")/.."
bash pipelines/install-dependencies.sh
# The tests use public and package symbols only, so the build is the same as that of `swift build -c release`.
swift build -c release --build-tests
swift test -c release --skip-build --disable-testable-imports "$@"
