#!/usr/bin/env bash
# What the programs cost beside the engine: start-up, resident memory before and after work, idling.
#   tests/bench/programs_bench.sh [RUNS] [BUILD]      FOLDER=/var/tmp
set -euo pipefail
cd "$(dirname "$0")/../.."
runs=${1:-40} bin=$(realpath "${2:-build}/bin") folder=${FOLDER:-/var/tmp}
for program in lectern lectern-broker lectern-worker lectern-engine-sine; do
  [[ -x $bin/$program ]] || { echo "error: $bin/$program is not built" >&2; exit 2; }
done
work=$(mktemp -d "$folder/lectern-programs.XXXXXX")
export LECTERN_HOME=$work/home
export LECTERN_TEST_MODELS=1 LECTERN_SINE_SPEED=0
trap '"$bin/lectern" stop >/dev/null 2>&1 || true; rm -rf "$work"' EXIT
mkdir -p "$LECTERN_HOME" "$work/out"
printf 'model: sine\ntest_models: true\nkeep_alive: 0\n' >"$LECTERN_HOME/config.yaml"

python3 - "$bin" "$runs" "$work" <<'PYTHON'
import json
import os
import re
import statistics
import subprocess
import sys
import time

BIN, RUNS, WORK = sys.argv[1], int(sys.argv[2]), sys.argv[3]


def lectern(*words):
    return subprocess.run([BIN + "/lectern", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True).stdout


def milliseconds(*words):
    begun = time.perf_counter()
    lectern(*words)
    return (time.perf_counter() - begun) * 1000


def show(figure, values, must, unit):
    values = sorted(values)
    middle = statistics.median(values)
    verdict = "ok" if middle <= must else "MISSED"
    print(f"{figure:44} {middle:8.2f} {unit:3} [{values[0]:.2f}..{values[-1]:.2f}] n={len(values)}  "
          f"must {must}: {verdict}", flush=True)


def start_broker():
    """Seconds from exec until the broker said that it is ready; its process."""
    out, ready = os.pipe()
    begun = time.perf_counter()
    process = subprocess.Popen([BIN + "/lectern-broker", "--ready-fd", str(ready)], pass_fds=[ready])
    os.close(ready)
    answer = os.read(out, 512)
    spent = time.perf_counter() - begun
    os.close(out)
    if answer != b"ready\n":
        sys.exit(f"error: the broker did not start: {answer.decode()}")
    return spent, process


def children(pid):
    return [int(word) for word in open(f"/proc/{pid}/task/{pid}/children").read().split()]


def resident(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", open(f"/proc/{pid}/status").read()).group(1)) * 1024 / 1e6


def switches(pid):
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        status = open(f"/proc/{pid}/task/{thread}/status").read()
        total += sum(int(n) for n in re.findall(r"voluntary_ctxt_switches:\s+(\d+)", status))
    return total


def cpu_s(pid):
    return sum(int(open(f"/proc/{pid}/task/{thread}/schedstat").read().split()[0])
               for thread in os.listdir(f"/proc/{pid}/task")) / 1e9


ready = []
for _ in range(max(3, RUNS // 8)):
    spent, broker = start_broker()
    ready.append(spent * 1000)
    lectern("stop")
    broker.wait()
show("broker, start to ready", ready, 100, "ms")

_, broker = start_broker()
deadline = time.time() + 20
while not json.loads(lectern("status", "--json"))["workers"]:
    if time.time() > deadline:
        sys.exit("error: no worker came")
agent = children(broker.pid)[0]
# Interleaved, and beside a program that does nothing, whose time is the machine's.
times = {"true": [], "help": [], "status": []}
for _ in range(RUNS):
    begun = time.perf_counter()
    subprocess.run(["/bin/true"], check=True)
    times["true"].append((time.perf_counter() - begun) * 1000)
    times["help"].append(milliseconds("--help"))
    times["status"].append(milliseconds("status"))
print(f"{'/bin/true, for comparison':44} {statistics.median(times['true']):8.2f} ms  "
      f"[{min(times['true']):.2f}..{max(times['true']):.2f}] n={RUNS}")
show("lectern --help", times["help"], 10, "ms")
show("lectern status", times["status"], 10, "ms")

time.sleep(2)
show("broker, idle, resident", [resident(broker.pid)], 20, "MB")
show("broker + agent, idle, resident", [resident(broker.pid) + resident(agent)], 40, "MB")
before = {pid: (switches(pid), cpu_s(pid)) for pid in (broker.pid, agent)}
time.sleep(20)
for name, pid in (("broker", broker.pid), ("agent", agent)):
    count, cpu = switches(pid) - before[pid][0], cpu_s(pid) - before[pid][1]
    print(f"{name + ', idle':44} {count * 3:8d} context switches a minute, {cpu / 20 * 100:.3f} % CPU")

# A script of about 12 minutes.
people, places = ["painter", "captain", "teacher", "gardener"], ["harbour", "garden", "library"]
text = "".join(f"The {people[i % 4]} walked slowly from the old {places[i % 3]} to the town and counted {i} windows that "
               f"were lit in the evening.{chr(10) * 2 if i % 4 == 3 else ' '}" for i in range(100))
with open(WORK + "/script.txt", "w") as out:
    out.write(text)
lectern("submit", WORK + "/script.txt", "--output", WORK + "/out/script.flac", "--wait")
job = json.loads(lectern("status", "--all", "--json"))["jobs"][0]
deadline = time.time() + 20
while children(agent) and time.time() < deadline:
    time.sleep(0.2)  # the engine goes
time.sleep(3)
print(f"after a script of {job['audio_s'] / 60:.1f} minutes, cut, spoken (by the sine model) and published:")
show("broker, resident", [resident(broker.pid)], 20, "MB")
show("broker + agent, resident", [resident(broker.pid) + resident(agent)], 40, "MB")
PYTHON
