#!/usr/bin/env bash
# A batch over two machines and ssh, with GNU parallel: PARTS jobs, as many at once on each machine as --sshlogin says.
# The machines see the same folders under the same names and have malpighi on their PATH.
#
#   bash pipelines/cluster/parallel.sh vessels-frangi /study/scans /study/results
#
# HOSTS=: (this machine) is the default; HOSTS=4/anna,4/otto takes four jobs on each of two. The same command again does
# what is left.
set -euo pipefail
[ $# = 3 ] || { echo "usage: parallel.sh PIPELINE FOLDER OUTPUT" >&2; exit 64; }
parts=${PARTS:-16}
program=${MALPIGHI:-malpighi}

code=0
seq "$parts" | parallel --sshlogin "${HOSTS:-:}" --workdir . --quote \
  "$program" batch "$1" "$2" --output "$3" --shard "{}/$parts" --threads "${THREADS:-1}" || code=$?
"$program" report "$3" --index-only
# The number of parts that failed.
exit "$code"
