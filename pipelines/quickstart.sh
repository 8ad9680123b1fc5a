#!/usr/bin/env bash
# Installs what is missing, builds, and runs vessels, vessels-frangi, blood and glioma on the samples in data/. Results: runs/quickstart.
set -euo pipefail
cd "$(dirname "$0")/.."
bash pipelines/install-dependencies.sh
swift build -c release --product malpighi
malpighi=$(swift build -c release --show-bin-path)/malpighi

for job in vessels:vessels vessels-frangi:vessels blood:blood glioma:glioma; do
  pipeline=${job%:*} samples=data/samples/${job#*:}
  [ -f "pipelines/$pipeline.yaml" ] && [ -d "$samples" ] || continue
  echo
  echo "== malpighi batch $pipeline $samples --output runs/quickstart/$pipeline"
  "$malpighi" batch "$pipeline" "$samples" --output "runs/quickstart/$pipeline"
done
echo
echo "Open runs/quickstart/*/index.html in a browser."
