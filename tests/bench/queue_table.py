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


def ratios(figure, peer):
    """Ours against the peer's, round by round."""
    return [a / b for a, b in zip(rounds["lectern", figure], rounds[peer, figure]) if b]


def ours(figure):
    return rounds["lectern", figure]


# name, values, must, aim, whether less is better
WANTED = [
    ("submit, 1 client, p50 / beanstalkd", ratios("submit_1_p50_us", "beanstalkd"), 2.2, 1.6, True),
    ("submit, 16 clients, jobs/s / beanstalkd", ratios("submit_16_per_s", "beanstalkd"), 2, 4, False),
    ("submit, 256 in flight / beanstalkd", ratios("submit_256_per_s", "beanstalkd"), 8, 15, False),
    ("submit, 256 in flight / redis", ratios("submit_256_per_s", "redis"), 1, 1, False),
    ("drain, 1 worker / beanstalkd", ratios("drain_1_per_s", "beanstalkd"), 0.4, 0.6, False),
    ("drain, 1 worker / RQ", ratios("drain_1_per_s", "rq"), 5, 5, False),
    ("drain, 1 worker / Celery", ratios("drain_1_per_s", "celery"), 1.5, 1.5, False),
    ("drain, 4 workers / beanstalkd", ratios("drain_4_per_s", "beanstalkd"), 1, 1.3, False),
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
print(f"\n{'wanted':42} {'must':>6} {'aim':>6} {'median':>8}  [min..max]")
for name, values, must, aim, less in WANTED:
    if not values:
        continue
    middle = statistics.median(values)

    def reaches(mark):
        return middle <= mark if less else middle >= mark

    verdict = "aim" if reaches(aim) else "must" if reaches(must) else "MISSED"
    print(f"{name:42} {must:6} {aim:6} {middle:8.3g}  [{min(values):.3g}..{max(values):.3g}]  {verdict}")
