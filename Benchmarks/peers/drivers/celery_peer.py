"""Celery: processes for short jobs and gevent for sleeping ones, early acknowledgement, results ignored.

`worker` becomes Celery's own command, which imports this file as the module `celery_peer`; the settings travel in the
environment.
"""
import os, sys

from celery import Celery, group

import common

app = Celery("celery_peer", broker=os.environ.get("PEER_URL"))
app.conf.update(task_ignore_result=True, task_default_queue=os.environ.get("PEER_QUEUE", "celery"))
TASKS = {name: app.task(name=name)(handler) for name, handler in common.HANDLERS.items()}


def produce(arguments):
    app.conf.update(broker_url=broker(arguments), task_default_queue=arguments.queue)
    task = TASKS[arguments.job]
    with app.connection_for_write() as connection:
        connection.ensure_connection()
        with app.amqp.Producer(connection) as producer:
            common.produce(
                arguments,
                lambda payload: task.apply_async((payload,), producer=producer),
                lambda payloads: group(task.s(payload) for payload in payloads).apply_async(producer=producer))


def work(arguments):
    os.environ.update(PEER_URL=broker(arguments), PEER_QUEUE=arguments.queue)
    pool = "gevent" if arguments.job == "sleep" else "prefork"
    os.environ["PYTHONPATH"] = os.path.dirname(os.path.abspath(__file__))
    os.execv(sys.executable, [
        sys.executable, "-m", "celery", "--app", "celery_peer", "worker", "--queues", arguments.queue, "--pool", pool,
        "--concurrency", str(arguments.concurrency), "--loglevel", "WARNING"])


def broker(arguments):
    return "redis+socket://" + arguments.url.removeprefix("unix://")


if __name__ == "__main__":
    arguments = common.arguments()
    if arguments.command == "about":
        common.about("celery", "kombu", "gevent", "redis", "hiredis")
    elif arguments.command == "producer":
        produce(arguments)
    else:
        work(arguments)
