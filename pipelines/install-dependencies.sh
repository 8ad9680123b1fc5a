#!/usr/bin/env bash
# Installs the Debian packages Malpighi links against, those that are missing; does nothing where all are there.
set -euo pipefail
packages=(libnifti-dev libopenblas-openmp-dev libpng-dev libdnnl-dev libdeflate-dev libturbojpeg0-dev zlib1g-dev libssl-dev)

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ "${#missing[@]}" -gt 0 ]; then
  echo "Installing ${missing[*]}" >&2
  as_root=""
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { echo "Not root and no sudo: ask for these packages: ${missing[*]}" >&2; exit 1; }
    as_root=sudo
  fi
  $as_root apt-get update -qq
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
fi

command -v swift >/dev/null || { echo "No Swift toolchain found: install Swift 6.3 and put it on the PATH." >&2; exit 1; }
