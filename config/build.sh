#!/usr/bin/env bash
# Builds Lectern into build/: config/build.sh [CMAKE-WORD...]. As many jobs at a time as cores and memory allow: a file
# that includes libtorch takes about 1.5 GB to compile.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
  printf 'error: %s\nhint: %s\n' "$1" "$2" >&2
  exit 5
}

available_kb=$(awk '/^MemAvailable:/ {print $2}' /proc/meminfo)
by_memory=$((${available_kb:-0} / 1500000))
jobs=$(nproc)
((by_memory < jobs)) && jobs=$by_memory
((jobs < 1)) && jobs=1

mkdir -p build
cmake -S . -B build -G Ninja -DCMAKE_BUILD_TYPE=Release "$@" >build/configure.log 2>&1 || {
  tail -n 20 build/configure.log >&2
  fail "cmake could not prepare the build; the whole output is in build/configure.log" "install what it misses: config/install-packages.sh; or remove build/ and try again"
}
echo "building with $jobs jobs at a time"
cmake --build build -j "$jobs" ||
  fail "the build failed" "see the first 'error:' above; with little memory close other programs and try again"
