#!/usr/bin/env bash
# Installs what Lectern needs from Debian 12: what it is built with and runs with; with --tests also what only its tests
# need. The one place that lists the packages. Installs only what is missing; needs root or sudo only then.
set -euo pipefail

# Tools and libraries to build with; the run-time libraries come with them. libopenblas0-pthread: without it libtorch
# falls back to a matrix product that is 40 times slower.
build=(
  cmake ninja-build g++ pkg-config
  libtorch-dev libopenblas0-pthread
  libzmq3-dev cppzmq-dev libsqlite3-dev
  libyaml-cpp-dev nlohmann-json3-dev libsimdjson-dev libcli11-dev libspdlog-dev libfmt-dev nettle-dev
  libcurl4-openssl-dev libarchive-dev libpugixml-dev libxml2-dev ca-certificates
  libicu-dev libmd4c-dev libespeak-ng-dev espeak-ng-data
  libsndfile1-dev libebur128-dev libsoxr-dev
  libhowardhinnant-date-dev tzdata libsystemd-dev
)
# tar and gzip make the archives of the tests; faketime moves clocks; clang has the fuzzer; ffmpeg, sox and mp3info read
# finished files back as players do.
tests=(libgtest-dev libgmock-dev libbenchmark-dev sox ffmpeg mp3info tar gzip faketime clang libclang-rt-14-dev)

fail() {
  printf 'error: %s\nhint: %s\n' "$1" "$2" >&2
  exit "${3:-5}"
}

wanted=("${build[@]}")
case "${1-}" in
  '') ;;
  --tests) wanted+=("${tests[@]}") ;;
  --only) shift; wanted=("$@") ;;
  *) fail "unknown word '$1'" "usage: config/install-packages.sh [--tests | --only PACKAGE...]" 2 ;;
esac

command -v dpkg-query >/dev/null || fail "this machine has no dpkg" "use Debian 12, or install the packages that $0 lists by hand"
missing=()
for package in "${wanted[@]}"; do
  dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done
if [[ ${#missing[@]} -eq 0 ]]; then
  echo "all packages are installed"
  exit 0
fi

become=()
if [[ $(id -u) -ne 0 ]]; then
  command -v sudo >/dev/null ||
    fail "packages are missing and this is neither root nor is sudo there" "as root: apt-get install ${missing[*]}"
  become=(sudo)
fi
echo "installing: ${missing[*]}"
"${become[@]}" apt-get update -qq || fail "apt-get update failed" "check the network and /etc/apt/sources.list"
"${become[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
  fail "apt-get could not install: ${missing[*]}" "run it by hand to see why: apt-get install ${missing[*]}"
