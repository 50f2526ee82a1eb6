"""RQ: `worker` is a pool of its default workers, which fork for each job; with PEER_RQ=simple, of SimpleWorker."""
import os

from redis import Redis
from rq import Queue, SimpleWorker, Worker
from rq.worker_pool import WorkerPool

import common  # also loads the handlers before any worker forks


def produce(arguments):
    redis = Redis.from_url(arguments.url)
    redis.ping()
    queue = Queue(arguments.queue, connection=redis)
    handler = common.HANDLERS[arguments.job]
    common.produce(
        arguments,
        lambda payload: queue.enqueue(handler, payload),
        lambda payloads: queue.enqueue_many([Queue.prepare_data(handler, (payload,)) for payload in payloads]))


def work(arguments):
    kind = SimpleWorker if os.environ.get("PEER_RQ") == "simple" else Worker
    pool = WorkerPool(
        [arguments.queue], connection=Redis.from_url(arguments.url), num_workers=arguments.concurrency,
        worker_class=kind)
    pool.start(logging_level="WARNING")  # two lines of log for each job would be part of the figure


arguments = common.arguments()
if arguments.command == "about":
    common.about("rq", "redis", "hiredis")
elif arguments.command == "producer":
    produce(arguments)
else:
    work(arguments)
