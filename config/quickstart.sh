#!/usr/bin/env bash
# From a fresh checkout on Debian 12 to a narrated text: config/quickstart.sh
# Can be run again at any time: what is done already is not done again. The audio lands in the folder it is run from.
set -euo pipefail
here=$PWD
cd "$(dirname "$0")/.."

lectern=build/bin/lectern
model=kokoro-82m
script=config/quickstart.txt
audio=$here/quickstart.flac

step() { printf '\n== %s\n' "$1"; }
fail() {
  printf 'error: %s\nhint: %s\n' "$1" "$2" >&2
  exit "${3:-5}"
}

if [[ ! -r /etc/debian_version ]]; then
  fail "this is not Debian" "use Debian 12; elsewhere install what config/install-packages.sh lists and follow its steps by hand"
fi
[[ -r $script ]] || fail "the checkout is not complete: $script is missing" "get it again"
[[ -w $here ]] || fail "the audio cannot be written to $here" "run the quickstart from a folder of your own"

step "1/4 packages"
config/install-packages.sh

step "2/4 build"
config/build.sh -DBUILD_TESTING=OFF -DLECTERN_BENCH=OFF

step "3/4 model $model"
if ! "$lectern" model pull "$model"; then
  command -v npm >/dev/null && exit 4 # its error is on the screen
  echo "no source could be reached without npm; installing npm, which knows another"
  config/install-packages.sh --only npm
  "$lectern" model pull "$model" || exit 4
fi

step "4/4 narrating $script"
"$lectern" submit "$script" --model "$model" --output "$audio" --overwrite --wait || {
  code=$?
  fail "the text was not narrated (exit code $code)" "see why: $PWD/$lectern status" "$code"
}
[[ -s $audio ]] || fail "the narration ended without $audio" "see why: $PWD/$lectern status" 70

cat <<END

done: $audio
now your own:  $PWD/$lectern submit my-script.txt --wait
               $PWD/$lectern --help
END
