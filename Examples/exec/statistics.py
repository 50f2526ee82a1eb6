#!/usr/bin/env python3
"""Handler for jobs with the payload {"numbers": [1, 2, 3]}: answers count, mean and the largest."""
import json
import os
import signal
import sys


def log(message, level="info", **fields):
    print(json.dumps({"level": level, "message": message, **fields}), file=sys.stderr, flush=True)


def stop(signum, frame):
    # Time limit, cancellation or shutdown. Leave within the grace; what the run did must be fit to be done again.
    log("told to stop", level="warning")
    sys.exit(1)


def main():
    signal.signal(signal.SIGTERM, stop)
    payload = json.load(sys.stdin)
    try:
        numbers = [float(number) for number in payload["numbers"]]
    except (KeyError, TypeError, ValueError) as error:
        log(f"bad payload: {error!r}", level="error")
        return 65  # another attempt would not help: the job is dead
    log(f"{len(numbers)} numbers for job {os.environ['JOB_ID']}")
    mean = sum(numbers) / len(numbers) if numbers else None
    json.dump({"count": len(numbers), "mean": mean, "largest": max(numbers, default=None)}, sys.stdout)
    return 0


sys.exit(main())
