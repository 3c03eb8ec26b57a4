#!/usr/bin/env bash
# What it costs to have no model, to load one, and to be rid of it:
#   tests/bench/engine_life_bench.sh [BUILD] [KOKORO]      CYCLES=200 KOKORO_CYCLES=10 FOLDER=/var/tmp
# KOKORO: a folder or file that `lectern model pull kokoro-82m --from` takes; without it the rows of Kokoro are left out.
set -euo pipefail
cd "$(dirname "$0")/../.."
bin=$(realpath "${1:-build}/bin") kokoro=${2:+$(realpath "$2")} folder=${FOLDER:-/var/tmp}
for program in lectern lectern-broker lectern-worker lectern-engine-sine ${2:+lectern-engine}; do
  [[ -x $bin/$program ]] || { echo "error: $bin/$program is not built" >&2; exit 2; }
done
work=$(mktemp -d "$folder/lectern-engine-life.XXXXXX")
export LECTERN_HOME=$work/home LECTERN_TEST_MODELS=1 LECTERN_SINE_SPEED=0 LECTERN_LOG_LEVEL=debug
trap '"$bin/lectern" stop >/dev/null 2>&1 || true; rm -rf "$work"' EXIT
mkdir -p "$LECTERN_HOME" "$work/out"
printf 'model: sine\nkeep_alive: 1\ndisk_reserve_bytes: 0\n' >"$LECTERN_HOME/config.yaml"
[[ -z $kokoro ]] || "$bin/lectern" model pull kokoro-82m --from "$kokoro" >/dev/null

python3 - "$bin" "$work" "${CYCLES:-200}" "${KOKORO_CYCLES:-10}" "${kokoro:+yes}" <<'PYTHON'
import datetime
import json
import os
import re
import statistics
import subprocess
import sys
import time

BIN, WORK, CYCLES, KOKORO_CYCLES, KOKORO = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), len(sys.argv) > 5 and sys.argv[5]
HOME = os.environ["LECTERN_HOME"]


def lectern(*words):
    done = subprocess.run([BIN + "/lectern", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit(f"error: lectern {' '.join(words)}: {done.stdout}")
    return done.stdout


def seconds(action):
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


def show(figure, value, unit, must=None, note=""):
    verdict = "" if must is None else f"  must {must:g}: {'ok' if value <= must else 'MISSED'}"
    print(f"{figure:52} {value:10.3f} {unit:5}{verdict}  {note}".rstrip(), flush=True)


def workers():
    return json.loads(lectern("ps", "--json"))


def resident_mb(*pids):
    return sum(int(open(f"/proc/{pid}/statm").read().split()[1]) for pid in pids) * os.sysconf("SC_PAGE_SIZE") / 1e6


def switches(pid):
    return sum(int(n) for thread in os.listdir(f"/proc/{pid}/task")
               for n in re.findall(r"voluntary_ctxt_switches:\s+(\d+)", open(f"/proc/{pid}/task/{thread}/status").read()))


def cpu_s(pid):
    return sum(int(open(f"/proc/{pid}/task/{thread}/schedstat").read().split()[0])
               for thread in os.listdir(f"/proc/{pid}/task")) / 1e9


def children(pid):
    return open(f"/proc/{pid}/task/{pid}/children").read().split()


def log_times(pattern):
    """When the lines of the worker's log that fit were written."""
    path = next(os.path.join(d, "worker.log") for d, _, names in os.walk(HOME) if "worker.log" in names)
    return [datetime.datetime.strptime(line[:23], "%Y-%m-%dT%H:%M:%S.%f") for line in open(path)
            if re.search(pattern, line)]


def until_cold():
    deadline = time.time() + 60
    while any(w["state"] != "cold" for w in workers()):
        if time.time() > deadline:
            sys.exit("error: the worker does not get cold")
        time.sleep(0.1)


def drain(model, voice, text):
    """Seconds from the end of the last segment until the engine has ended and its memory is back."""
    script = WORK + f"/{model}.txt"
    open(script, "w").write(text)
    lectern("submit", script, "--model", model, *voice, "--output", WORK + f"/out/{model}.flac", "--overwrite", "--wait")
    until_cold()
    return (log_times("draining -> cold")[-1] - log_times("busy -> warm")[-1]).total_seconds()


def cycles(model, count, broker, agent):
    warm_up = max(1, count // 10)
    before = after = None
    for i in range(count):
        if i == warm_up:
            before = resident_mb(broker, agent), sorted(os.listdir(runtime)), sorted(os.listdir("/dev/shm"))
        lectern("model", "load", model)
        lectern("model", "unload", model)
    after = resident_mb(broker, agent), sorted(os.listdir(runtime)), sorted(os.listdir("/dev/shm"))
    show(f"{model}: growth of broker + agent, {count} cycles", after[0] - before[0], "MB", 1)
    left = set(after[1]) - set(before[1]) | set(after[2]) - set(before[2])
    show(f"{model}: leftover sockets, files, shared memory", len(left), "", 0, " ".join(left))
    show(f"{model}: zombies", len(children(agent)), "", 0)


print("without model:")
starts = []
for _ in range(5):
    out, ready = os.pipe()
    begun = time.perf_counter()
    broker = subprocess.Popen([BIN + "/lectern-broker", "--ready-fd", str(ready)], pass_fds=[ready])
    os.close(ready)
    os.read(out, 512)
    starts.append((time.perf_counter() - begun) * 1000)
    os.close(out)
    while not workers():
        time.sleep(0.02)
    if len(starts) < 5:
        lectern("stop")
        broker.wait()
agent, broker = workers()[0]["pid"], broker.pid
runtime = next(d for d, _, names in os.walk(HOME) if any(n.endswith(".sock") for n in names))
show("broker, start to ready, median of 5", statistics.median(starts), "ms", 100, "the original: under 1 s")
time.sleep(2)
show("broker + agent, resident", resident_mb(broker, agent), "MB", 40, "the original's server: about 50 MB")
before = [(switches(pid), cpu_s(pid)) for pid in (broker, agent)]
time.sleep(20)
for name, pid, (count, cpu) in zip(("broker", "agent"), (broker, agent), before):
    show(f"{name}, voluntary context switches", (switches(pid) - count) * 3, "/min", note=f"{(cpu_s(pid) - cpu) / 0.2:.3f} % CPU")

print("sine (no weights: what the programs themselves cost):")
show("sine: drain to memory back, keep_alive 1 s", drain("sine", [], "One. Two. Three."), "s", 1.5)
cycles("sine", CYCLES, broker, agent)

if KOKORO:
    print("kokoro-82m:")
    folder = next(d for d, _, names in os.walk(HOME) if "installed.json" in names)
    files = [os.path.join(d, name) for d, _, names in os.walk(folder) for name in names]

    def read_all():
        for file in files:
            with open(file, "rb", buffering=0) as stream:
                while stream.read(1 << 20):
                    pass

    read_all()
    reading = statistics.median(seconds(read_all) for _ in range(5))
    starting = statistics.median(
        seconds(lambda: subprocess.run([BIN + "/lectern-engine", "--version"], stdout=subprocess.DEVNULL, check=True))
        for _ in range(5))
    loads, whole = [], []
    for _ in range(5):
        whole.append(seconds(lambda: lectern("model", "load", "kokoro-82m")))
        lectern("model", "unload")
    path = next(os.path.join(d, "worker.log") for d, _, names in os.walk(HOME) if "worker.log" in names)
    loads = [float(s) for s in re.findall(r"loaded in ([\d.]+) s", open(path).read())[-5:]]
    show("reading the same bytes from the page cache", reading, "s", note=f"{sum(map(os.path.getsize, files)) / 1e6:.1f} MB")
    show("process start (lectern-engine --version)", starting, "s")
    show("load: process start to ready, median of 5", statistics.median(loads), "s", note="the original: 2-5 s")
    show("load / (reading + process start)", statistics.median(loads) / (reading + starting), "x", 1.3)
    show("lectern model load, whole command", statistics.median(whole), "s")
    show("kokoro-82m: drain to memory back, keep_alive 1 s",
         drain("kokoro-82m", ["--voice", "af_heart"], "The sun rose over the quiet harbour."), "s", 1.5)
    cycles("kokoro-82m", KOKORO_CYCLES, broker, agent)
print("broker + agent, resident, at the end: %.1f MB; device memory held: %d bytes" %
      (resident_mb(broker, agent), sum(w["device_bytes"] for w in workers())))
PYTHON
