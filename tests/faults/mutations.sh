#!/usr/bin/env bash
# Takes the guards of the broker away one by one and runs the tests that must notice, up to the first that does:
# tests/faults/mutations.sh [BUILD] prints which test caught which, and fails when one was missed. With all guards in
# place the same tests pass: they are part of the suite.
set -uo pipefail
build=$(realpath "${1:-build}")

# guard | test program | which tests | what the guard is
mutations=(
  "fencing|peers_test|Played.*:Sends/LyingWorker.*|an answer counts only for the lease that its sender holds"
  "early-ack|crash_points_test|Every/CrashPoints.*|answers and work leave after the commit of what they tell"
  "no-fsync|broker_disk_test|BrokerDisk.NoFile*|a file is synced before it gets its name"
  "no-db-sync|disk_test|*PowerCut.*|a commit is synced"
  "no-dedupe|peers_test|Played.TheSameSubmit*|the same submit twice is one job"
  "no-lock|broker_disk_test|BrokerDisk.ASecondBroker*|the folder's lock is taken before a socket is bound"
)

missed=0
for row in "${mutations[@]}"; do
  IFS='|' read -r guard program filter meaning <<<"$row"
  printf '%s: %s\n' "$guard" "$meaning"
  caught=$(LECTERN_MUTATE=$guard "$build/tests/$program" --gtest_filter="$filter" --gtest_fail_fast 2>/dev/null |
    sed -n 's/^\[  FAILED  \] \([^ ,]*\)\( (.*\|, where.*\)\{0,1\}$/\1/p' | grep -v '^[0-9]*$' | sort -u)
  if [[ -z $caught ]]; then
    printf '  MISSED\n'
    missed=1
  else
    printf '  caught by %s\n' $caught
  fi
done
exit $missed
