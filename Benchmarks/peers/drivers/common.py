"""What the drivers in Python share: the command line, the payload, the handlers and the report.

Every handler appends to the file in PEER_MARKS: a byte for each run, or a line with the latency in ns. One append is
one system call, and atomic: the harness sees how far a tool is, and that nothing ran twice, without asking the tool.
"""
import argparse, json, os, random, sys, time

BATCH = 1000
TEXT = "Dear customer, your order has left our house and should reach you on one of the next days."

_marks = os.open(os.environ["PEER_MARKS"], os.O_WRONLY | os.O_APPEND) if "PEER_MARKS" in os.environ else None


def payload(number, sleep_ms=0):
    """About 180 bytes as JSON, whatever the tool makes of it."""
    return {
        "number": 1_000_000 + number,
        "sent": time.monotonic_ns(),  # one clock for all processes of a machine, and nothing sets it
        "sleep_ms": sleep_ms,
        "address": "somebody@example.org",
        "text": TEXT,
    }


def noop(job):
    os.write(_marks, b".")


def sleep(job):
    time.sleep(job["sleep_ms"] / 1000)
    os.write(_marks, b".")


def latency(job):
    started = time.monotonic_ns()
    os.write(_marks, b"%d\n" % (started - job["sent"]))


HANDLERS = {"noop": noop, "sleep": sleep, "latency": latency}


def arguments():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("about", help="print versions as JSON")
    producer = commands.add_parser("producer", help="enqueue jobs, then print how many in how many seconds as JSON")
    worker = commands.add_parser("worker", help="work until TERM")
    for command in (producer, worker):
        command.add_argument("--url", required=True, help="unix://PATH")
        command.add_argument("--queue", required=True)
        command.add_argument("--job", choices=HANDLERS, default="noop")
    producer.add_argument("--count", type=int, required=True)
    producer.add_argument("--bulk", action="store_true", help="many jobs a call")
    producer.add_argument("--sleep-ms", type=int, default=0, help="goes into the payload")
    producer.add_argument("--gap-ms", type=float, default=0, help="mean pause after each job")
    worker.add_argument("--concurrency", type=int, required=True)
    return parser.parse_args()


def gap(arguments):
    """Seconds to pause after a job. Random, or the pauses could fall into step with a worker that polls."""
    return arguments.gap_ms / 1000 * random.uniform(0.5, 1.5)


def produce(arguments, send, send_many=None):
    """Enqueues with `send(payload)`, or `send_many(payloads)`, and reports. The caller has connected before."""
    begin = time.monotonic()
    if arguments.bulk:
        for first in range(0, arguments.count, BATCH):
            last = min(first + BATCH, arguments.count)
            send_many([payload(number, arguments.sleep_ms) for number in range(first, last)])
    else:
        for number in range(arguments.count):
            send(payload(number, arguments.sleep_ms))
            if arguments.gap_ms:
                time.sleep(gap(arguments))
    report(arguments.count, time.monotonic() - begin)


def report(jobs, seconds):
    print(json.dumps({"jobs": jobs, "seconds": seconds}), flush=True)


def about(*packages):
    from importlib.metadata import version

    versions = {{"redis": "redis-py"}.get(name, name): version(name) for name in packages}
    print(json.dumps({"runtime": "Python " + sys.version.split()[0], **versions}))
