"""The measurements. Each takes a rig, a tool and its load, and returns one round's figures by name."""
from tools import Unmeasured

SLEEP_MS = 100
WARM_UP = 10


def enqueue(rig, tool, load):
    return {"rate": fill(rig, tool, load.jobs, bulk=False)}


def bulk(rig, tool, load):
    return {"rate": fill(rig, tool, load.jobs, bulk=True)}


def drain(rig, tool, load):
    """From 5 to 95 % of the jobs: neither the boot of the worker nor its last, half-empty batches count."""
    fill(rig, tool, load.jobs, bulk="bulk" in tool.loads)
    with rig.worker(tool, load.concurrency) as worker:
        done, seconds = middle(rig.watch(worker, load.jobs), load.jobs)
        rig.check_done(tool, load.jobs)
    return {"rate": done / seconds}


def sleep(rig, tool, load):
    """Jobs that wait for something else; 1 is what so many slots need if the tool takes no time at all."""
    fill(rig, tool, load.jobs, bulk="bulk" in tool.loads, job="sleep")
    with rig.worker(tool, load.concurrency, "sleep") as worker:
        done, seconds = middle(rig.watch(worker, load.jobs), load.jobs)
        rig.check_done(tool, load.jobs)
    return {"rate": done / seconds, "ideal": seconds / (done * SLEEP_MS / 1000 / load.concurrency)}


def latency(rig, tool, load):
    """Jobs one at a time, for a worker that has nothing else to do."""
    rig.clear()
    with rig.worker(tool, load.concurrency, "latency") as worker:
        for jobs in (WARM_UP, load.jobs):
            rig.forget()
            rig.produce(tool, jobs, "latency", "--gap-ms", str(load.gap_ms))
            rig.watch(worker, jobs, lines)
            rig.check_done(tool, jobs, lines)
        times = sorted(int(line) / 1e6 for line in rig.marks.read_text().splitlines())
    return {"p50": percentile(times, 50), "p99": percentile(times, 99)}


def fill(rig, tool, jobs, bulk, job="noop"):
    """Jobs per second into an empty Redis, where they have to be afterwards."""
    rig.clear()
    more = ["--bulk"] if bulk else []
    seconds = rig.produce(tool, jobs, job, *more, "--sleep-ms", str(SLEEP_MS if job == "sleep" else 0))
    if (waiting := rig.waiting(tool)) != jobs:
        raise Unmeasured(f"wrong count: {waiting} of {jobs} jobs are waiting")
    return jobs / seconds


def middle(samples, jobs):
    """Jobs done and seconds gone between the first look at 5 % or more and the first at 95 % or more."""
    first = next(sample for sample in samples if sample[1] >= jobs * 0.05)
    last = next(sample for sample in samples if sample[1] >= jobs * 0.95)
    if last[1] <= first[1]:
        raise Unmeasured(f"{jobs} jobs are too few: all were done between two looks")
    return last[1] - first[1], last[0] - first[0]


def percentile(times, percent):
    """By nearest rank."""
    return times[max(0, -(-len(times) * percent // 100) - 1)]


def lines(path):
    return path.read_bytes().count(b"\n")


ROWS = {
    "enqueue": (enqueue, "enqueue one by one, 1 caller", [("rate", "jobs/s")]),
    "bulk": (bulk, "enqueue in bulk, 1 caller", [("rate", "jobs/s")]),
    "drain": (drain, "drain, no-op handler", [("rate", "jobs/s")]),
    "latency": (latency, "enqueue → handler start, idle", [("p50", "ms"), ("p99", "ms")]),
    "sleep": (sleep, f"jobs of {SLEEP_MS} ms", [("rate", "jobs/s"), ("ideal", "× ideal")]),
}
