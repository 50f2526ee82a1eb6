#!/usr/bin/env python3
"""Enqueue a job with nothing but redis-py, as Docs/wire-format.md describes, and wait for its result.

usage: REDIS_URL=redis://localhost enqueue.py QUEUE NAME [PAYLOAD-JSON]
"""
import json
import os
import sys
import time

import redis


def main() -> int:
    if len(sys.argv) not in (3, 4):
        print(__doc__, file=sys.stderr)
        return 64
    queue, name = sys.argv[1], sys.argv[2]
    payload = json.loads(sys.argv[3]) if len(sys.argv) == 4 else None
    client = redis.Redis.from_url(os.environ.get("REDIS_URL", "redis://localhost"), decode_responses=True)
    key = lambda part: f"jq:{{{queue}}}:{part}"

    client.zadd("jq:queues", {queue: int(time.time() * 1000)}, nx=True)
    envelope = json.dumps({"name": name, "payload": payload})
    job_id = "inbox:" + client.xadd(key("inbox"), {"job": envelope})
    print(job_id)

    for _ in range(300):  # the worker looks into the inbox every two seconds
        if record := client.hget(key("results"), job_id):
            print(json.dumps(json.loads(record)["result"]))
            return 0
        if client.zscore(key("dead"), job_id) is not None:
            print("the job is dead", file=sys.stderr)
            return 1
        time.sleep(0.1)
    print("no result yet", file=sys.stderr)
    return 75


sys.exit(main())
