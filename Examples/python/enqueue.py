#!/usr/bin/env python3
"""Enqueue a job with nothing but redis-py, as Docs/wire-format.md describes, and wait for its result.

usage: REDIS_URL=redis://localhost enqueue.py QUEUE NAME [PAYLOAD-JSON]
needs: redis-py, as in `pip install redis`; Debian's python3-redis is seen by /usr/bin/python3 only
"""
import json, os, sys, time

import redis


def main() -> int:
    try:
        queue, name, payload = sys.argv[1:] if len(sys.argv) == 4 else (*sys.argv[1:], "null")
        payload = json.loads(payload)
    except ValueError as error:  # not two or three arguments, or no JSON
        print(f"{error}\n{__doc__}", file=sys.stderr)
        return 64
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
