#!/usr/bin/python3
"""Medians of a log of "SUBJECT FIGURE VALUE" lines, and the figures that are wanted with what was reached."""
import collections
import statistics
import sys

rounds = collections.defaultdict(list)
with open(sys.argv[1]) as log:
    for line in log:
        subject, figure, value = line.split()
        rounds[subject, figure].append(float(value))


def ratios(figure, peer, subject="lectern"):
    """The subject's against the peer's, round by round."""
    return [a / b for a, b in zip(rounds.get((subject, figure), []), rounds.get((peer, figure), [])) if b]


class Against:
    """A figure held against a peer's; what the bare broker reached against the same peer stands beside it."""

    def __init__(self, figure, peer):
        self.values, self.bare = ratios(figure, peer), ratios(figure, peer, "bare")


def ours(figure):
    return rounds.get(("lectern", figure), [])


# name, values, must, aim, whether less is better
WANTED = [
    ("submit, 1 client, p50 / beanstalkd", Against("submit_1_p50_us", "beanstalkd"), 2.2, 1.6, True),
    ("submit, 16 clients, jobs/s / beanstalkd", Against("submit_16_per_s", "beanstalkd"), 2, 4, False),
    ("submit, 256 in flight / beanstalkd", Against("submit_256_per_s", "beanstalkd"), 8, 15, False),
    ("submit, 256 in flight / redis", Against("submit_256_per_s", "redis"), 1, 1, False),
    ("drain, 1 worker / beanstalkd", Against("drain_1_per_s", "beanstalkd"), 0.4, 0.6, False),
    ("drain, 1 worker / RQ", Against("drain_1_per_s", "rq"), 5, 5, False),
    ("drain, 1 worker / Celery", Against("drain_1_per_s", "celery"), 1.5, 1.5, False),
    ("drain, 4 workers / beanstalkd", Against("drain_4_per_s", "beanstalkd"), 1, 1.3, False),
    ("syncs a job, 256 in flight", ours("submit_256_syncs_per_job"), 0.02, 0.007, True),
    ("syncs a segment, drain 1", ours("drain_1_syncs_per_segment"), 1.05, 1.01, True),
    ("syncs a segment, drain 4", ours("drain_4_syncs_per_segment"), 0.6, 0.45, True),
    ("claim, 100,000 / 1,000, one job", ours("claim_ratio"), 1.5, 1.1, True),
    ("claim, 100,000 / 1,000, many jobs", ours("claim_in_jobs_ratio"), 1.5, 1.1, True),
    ("broker resident, idle, MB", ours("resident_idle_mb"), 20, 12, True),
    ("broker resident, 100,000 queued, MB", ours("resident_queued_mb"), 64, 32, True),
    ("idle CPU with a worker, %", ours("idle_cpu_percent"), 0.3, 0.1, True),
    ("restart with 100,000, to dispatch, s", ours("restart_to_dispatch_s"), 1, 0.2, True),
]

print(f"{'subject figure':48} {'median':>10}  [min..max], rounds")
for (subject, figure), values in rounds.items():
    print(f"{subject + ' ' + figure:48} {statistics.median(values):10.4g}  [{min(values):.4g}..{max(values):.4g}], "
          f"{len(values)}")
print(f"\n{'wanted':42} {'must':>6} {'aim':>6} {'median':>8} {'bare':>8}  [min..max]")
for name, wanted, must, aim, less in WANTED:
    values, bare = (wanted.values, wanted.bare) if isinstance(wanted, Against) else (wanted, [])
    if not values:
        continue
    middle = statistics.median(values)

    def reaches(mark):
        return middle <= mark if less else middle >= mark

    verdict = "aim" if reaches(aim) else "must" if reaches(must) else "MISSED"
    floor = f"{statistics.median(bare):8.3g}" if bare else " " * 8
    print(f"{name:42} {must:6} {aim:6} {middle:8.3g} {floor}  [{min(values):.3g}..{max(values):.3g}]  {verdict}")
