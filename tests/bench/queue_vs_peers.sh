#!/usr/bin/env bash
# The queue beside beanstalkd, redis, RQ and Celery, each syncing every write: ROUNDS interleaved rounds of short runs at
# one priority, so that the machine's noise falls on all alike. Prints medians, ranges and the ratios that are wanted.
#   tests/bench/queue_vs_peers.sh [ROUNDS] [JOBS]      BUILD=build  FOLDER=/var/tmp (the disk that is measured)
# SYNC_US=800 makes every sync of all of them last at least so long, as on another disk: where a sync costs nearly
# nothing the figures compare processors' work, where it costs a millisecond they compare how often each has to wait.
set -euo pipefail
cd "$(dirname "$0")/../.."
rounds=${1:-3} jobs=${2:-3000} build=${BUILD:-build} folder=${FOLDER:-/var/tmp}
bench=tests/bench

missing=()
for package in beanstalkd redis-server python3-rq python3-celery python3-redis; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if ((${#missing[@]})); then
  echo "installing ${missing[*]}"
  policy=/usr/sbin/policy-rc.d
  if [[ ! -e $policy ]]; then  # their services are not wanted
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    apt-get install -y --no-install-recommends "${missing[@]}" >/dev/null
    rm -f "$policy"
  else
    apt-get install -y --no-install-recommends "${missing[@]}" >/dev/null
  fi
fi
cmake --build "$build" --target queue_bench line_queue_bench bare_queue_bench

as_measured=()
if [[ ${SYNC_US:-0} != 0 ]]; then
  as_measured=(env "LECTERN_SYNC_US=$SYNC_US" "LD_PRELOAD=$(realpath "$build")/tests/libpreloaded_syncs.so")
fi

data=$(mktemp -d "$folder/lectern-peers.XXXXXX")
log=$data/log
servers=()
end_servers() {
  for server in "${servers[@]}"; do kill "$server" 2>/dev/null || true; done
  for server in "${servers[@]}"; do wait "$server" 2>/dev/null || true; done
  servers=()
}
trap 'end_servers; rm -rf "$data"' EXIT

free_port() { /usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
listening() { for _ in $(seq 100); do (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return; sleep 0.1; done; return 1; }

for ((round = 1; round <= rounds; ++round)); do
  echo "round $round of $rounds, load $(cut -d' ' -f1-3 /proc/loadavg)"
  beanstalk_port=$(free_port) redis_port=$(free_port)
  mkdir -p "$data/beanstalkd" "$data/redis"
  "${as_measured[@]}" beanstalkd -l 127.0.0.1 -p "$beanstalk_port" -b "$data/beanstalkd" -f0 & servers+=($!)
  "${as_measured[@]}" redis-server --bind 127.0.0.1 --port "$redis_port" --dir "$data/redis" --save '' --appendonly yes \
    --appendfsync always >/dev/null & servers+=($!)
  listening "$beanstalk_port" && listening "$redis_port"
  {
    queue() { LECTERN_SYNC_US=${SYNC_US:-0} "$build/bin/queue_bench" "$@" --folder "$folder" --jobs "$jobs" --segments "$jobs"; }
    queue submit
    "$build/bin/line_queue_bench" beanstalkd "$beanstalk_port" "$jobs"
    "${as_measured[@]}" "$build/bin/bare_queue_bench" "$folder" "$jobs"
    queue drain
    "$build/bin/line_queue_bench" redis "$redis_port" "$jobs"
    /usr/bin/python3 "$bench/python_queues.py" "$redis_port" $((jobs / 10))
    queue idle claim full
  } >>"$log"
  end_servers
  rm -rf "$data/beanstalkd" "$data/redis"
done
python3 "$bench/queue_table.py" "$log"
