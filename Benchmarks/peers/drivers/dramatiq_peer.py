"""Dramatiq: its own two processes of threads each; `--concurrency` is the threads of all.

`worker` becomes Dramatiq's own command, which imports this file as the module `dramatiq_peer`; the settings travel in
the environment.
"""
import os, sys

import dramatiq
from dramatiq.brokers.redis import RedisBroker

import common

PROCESSES = 2


def actors(url, queue):
    broker = RedisBroker(url=url)
    dramatiq.set_broker(broker)
    kinds = {name: dramatiq.actor(run, actor_name=name, queue_name=queue) for name, run in common.HANDLERS.items()}
    return broker, kinds


def produce(arguments):
    broker, kinds = actors(arguments.url, arguments.queue)
    broker.client.ping()
    actor = kinds[arguments.job]
    common.produce(
        arguments,
        actor.send,
        lambda payloads: dramatiq.group([actor.message(payload) for payload in payloads]).run())


def work(arguments):
    os.environ.update(PEER_URL=arguments.url, PEER_QUEUE=arguments.queue)
    os.environ["PYTHONPATH"] = os.path.dirname(os.path.abspath(__file__))
    os.execv(sys.executable, [
        sys.executable, "-m", "dramatiq", "dramatiq_peer", "--processes", str(PROCESSES),
        "--threads", str(arguments.concurrency // PROCESSES)])


if __name__ == "__main__":
    arguments = common.arguments()
    if arguments.command == "about":
        common.about("dramatiq", "redis", "hiredis")
    elif arguments.command == "producer":
        produce(arguments)
    else:
        work(arguments)
elif "PEER_QUEUE" in os.environ:
    actors(os.environ["PEER_URL"], os.environ["PEER_QUEUE"])
