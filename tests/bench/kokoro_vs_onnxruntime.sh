#!/usr/bin/env bash
# kokoro_vs_onnxruntime.sh BUILD_FOLDER MODEL_FOLDER [REPEATS]: the Kokoro engine beside ONNX Runtime on the int8 file,
# the same sentences, two threads in all, in one run. The peer is fetched with npm and used here only.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$1" && pwd) model=$(cd "$2" && pwd) repeats=${3:-3}
work=$build/bench-peer
mkdir -p "$work"
if [[ ! -d $work/node_modules/onnxruntime-node ]]; then
  (cd "$work" && npm install --ignore-scripts --no-audit --no-fund --silent --prefix . onnxruntime-node@1.20.1)
fi
results=$work/results.txt
"$build/bin/kokoro_bench" --model "$model" --repeats "$repeats" --shapes 1x2 2x1 --requests "$work/requests.json" |
  tee "$results"
(cd "$work" && node "$here/kokoro_onnxruntime.mjs" "$model/kokoro-quantized.onnx" requests.json 2 "$repeats") |
  tee -a "$results"

# Ratios of ours to the peer's: under 1 is faster.
awk '/ rtf=/ {
  for (i = 4; i <= NF; ++i) { split($i, pair, "="); value[pair[1]] = pair[2] }
  text = $2 " " $3
  if ($1 == "peer") { peer[text] = value["rtf"]; peer_cpu[text] = value["processor"] }
  else { name[++n] = text; shape[n] = value["lanes"] " lanes x " value["threads"] " threads"
         ours[n] = value["rtf"]; ours_cpu[n] = value["processor"] }
} END {
  for (i = 1; i <= n; ++i)
    printf "ratio %s, %s: time %.2f, processor %.2f\n", name[i], shape[i], ours[i] / peer[name[i]], ours_cpu[i] / peer_cpu[name[i]]
}' "$results"
