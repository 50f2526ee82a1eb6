"""ARQ: coroutines in one process, `--concurrency` is max_jobs."""
import asyncio, os, time

from arq import create_pool, func
from arq.connections import RedisSettings
from arq.worker import run_worker

import common


async def noop(context, job):
    common.noop(job)


async def latency(context, job):
    common.latency(job)


async def sleep(context, job):
    await asyncio.sleep(job["sleep_ms"] / 1000)
    common.noop(job)


def settings(arguments):
    return RedisSettings(unix_socket_path=arguments.url.removeprefix("unix://"))


async def produce(arguments):
    redis = await create_pool(settings(arguments), default_queue_name=arguments.queue)
    begin = time.monotonic()
    for number in range(arguments.count):
        await redis.enqueue_job(arguments.job, common.payload(number, arguments.sleep_ms))
        if arguments.gap_ms:
            await asyncio.sleep(common.gap(arguments))
    common.report(arguments.count, time.monotonic() - begin)


class Settings:
    functions = [func(handler) for handler in (noop, latency, sleep)]


arguments = common.arguments()
if arguments.command == "about":
    common.about("arq", "redis", "hiredis")
elif arguments.command == "producer":
    asyncio.run(produce(arguments))
else:
    asyncio.set_event_loop(asyncio.new_event_loop())
    run_worker(
        Settings, redis_settings=settings(arguments), queue_name=arguments.queue, max_jobs=arguments.concurrency)
