#!/usr/bin/python3
"""RQ and Celery on a redis that syncs every write: how fast one worker drains no-op jobs of 1 KB.
python_queues.py PORT JOBS: prints "SUBJECT FIGURE VALUE" a line."""
import logging
import os
import subprocess
import sys
import tempfile
import time

import redis
import rq

PORT, JOBS = int(sys.argv[1]), int(sys.argv[2])
BODY = "x" * 1024
CELERY_APP = f"""
import os, time
from celery import Celery
app = Celery('celery_app', broker='redis://127.0.0.1:{PORT}/1')
app.conf.update(task_acks_late=True, task_ignore_result=True, worker_prefetch_multiplier=4)
seen = []
@app.task
def noop(body, count):
    seen.append(time.time())
    if len(seen) == count:
        with open(os.environ['DRAINED'] + '.part', 'w') as out:
            out.write(str(seen[-1] - seen[0]))
        os.rename(os.environ['DRAINED'] + '.part', os.environ['DRAINED'])
"""


def rq_drain(connection):
    queue = rq.Queue(connection=connection)
    for _ in range(JOBS):
        queue.enqueue("operator.truth", BODY, result_ttl=0)
    logging.disable(logging.WARNING)
    begun = time.perf_counter()
    rq.SimpleWorker([queue], connection=connection).work(burst=True, logging_level="ERROR")
    print(f"rq drain_1_per_s {JOBS / (time.perf_counter() - begun):.1f}", flush=True)


def celery_drain(folder):
    with open(folder + "/celery_app.py", "w") as out:
        out.write(CELERY_APP)
    drained = folder + "/drained"
    sys.path.insert(0, folder)
    os.environ["DRAINED"] = drained
    import celery_app
    for _ in range(JOBS):
        celery_app.noop.apply_async((BODY, JOBS))
    worker = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "celery_app", "worker", "--pool", "solo", "-l", "ERROR",
         "--without-gossip", "--without-mingle"],
        cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(os.environ, C_FORCE_ROOT="1"))
    for _ in range(1200):
        if os.path.exists(drained):
            break
        time.sleep(0.1)
    worker.terminate()
    worker.wait()
    print(f"celery drain_1_per_s {(JOBS - 1) / float(open(drained).read()):.1f}", flush=True)


connection = redis.Redis(port=PORT)
rq_drain(connection)
connection.flushall()
with tempfile.TemporaryDirectory() as folder:
    celery_drain(folder)
