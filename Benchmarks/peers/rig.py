"""The processes of a measurement: the drivers, watched from outside."""
import json, os, signal, subprocess, time
from contextlib import contextmanager, suppress
from pathlib import Path

import redis

from tools import Unmeasured, last_line

QUEUE = "peers"
INTERVAL = 0.005  # seconds between two looks at the file of marks; a look costs microseconds
STALL = 30  # seconds without a job until a tool counts as hung


class Rig:
    """A Redis that is empty before each measurement, and a file to which the handlers append."""

    def __init__(self, url, folder, limit):
        self.url = url
        self.limit = limit  # seconds for one step of a measurement
        self.marks = Path(folder) / "marks"
        self.log = Path(folder) / "worker.log"
        self.redis = redis.Redis.from_url(url)
        # Redis rewrites a young append-only file every few seconds, in a process that takes a core from whatever is
        # measured then: between measurements instead. The file is written and synced all the same.
        self.redis.config_set("auto-aof-rewrite-percentage", 0)

    def clear(self):
        self.redis.flushall()
        self.redis.bgrewriteaof()
        deadline = time.monotonic() + 60
        while self.rewriting():
            if time.monotonic() > deadline:
                raise Unmeasured("Redis does not finish rewriting its log")
            time.sleep(0.02)
        self.forget()

    def rewriting(self):
        state = self.redis.info("persistence")
        return state["aof_rewrite_in_progress"] or state["aof_rewrite_scheduled"]

    def forget(self):
        """Empties the file of marks, also under a worker: its handlers append."""
        self.marks.write_bytes(b"")

    def waiting(self, tool):
        command, key = tool.line
        return self.redis.execute_command(command, key.format(queue=QUEUE))

    def produce(self, tool, load, job="noop", *more):
        """Seconds that the tool itself took to enqueue; the start of its interpreter is not in it."""
        command = [
            *tool.driver, "producer", "--url", self.url, "--queue", QUEUE, "--job", job, "--count", str(load), *more]
        with self.process(tool, command, subprocess.PIPE) as producer:
            try:
                answer = json.loads(producer.communicate(timeout=self.limit)[0])
            except subprocess.TimeoutExpired:
                raise Unmeasured(f"the producer did not end in {self.limit} s") from None
            except ValueError:
                raise Unmeasured(f"the producer failed: {self.complaint()}") from None
        if producer.returncode or answer["jobs"] != load:
            raise Unmeasured(f"the producer ended with {producer.returncode} and {answer['jobs']} of {load} jobs")
        return answer["seconds"]

    @contextmanager
    def worker(self, tool, concurrency, job="noop"):
        command = [
            *tool.driver, "worker", "--url", self.url, "--queue", QUEUE, "--job", job,
            "--concurrency", str(concurrency)]
        with self.process(tool, command) as worker:
            yield worker

    @contextmanager
    def process(self, tool, command, output=None):
        """A process in a group of its own, of which nothing is left afterwards."""
        environment = {**os.environ, **tool.environment, "PEER_MARKS": str(self.marks)}
        with self.log.open("wb") as log:
            process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=output or log, stderr=log,
                start_new_session=True, cwd=self.log.parent)
        guard = None
        try:
            guard = watch_over(process)
            yield process
        finally:
            stop(process)
            if guard:
                guard.kill()
                guard.communicate()

    def complaint(self):
        return last_line(self.log.read_text(errors="replace")) or "without a word"

    def watch(self, worker, jobs, count=lambda path: path.stat().st_size):
        """[(seconds, jobs done)] until all are done, from the file that the handlers write."""
        samples = [(time.monotonic(), 0)]
        while samples[-1][1] < jobs:
            time.sleep(INTERVAL)
            now, done = time.monotonic(), count(self.marks)
            if done > samples[-1][1]:
                samples.append((now, done))
            elif worker.poll() is not None:
                raise Unmeasured(f"the worker ended with {worker.returncode}: {self.complaint()}")
            elif now - samples[-1][0] > STALL or now - samples[0][0] > self.limit:
                raise Unmeasured(f"stopped at {done} of {jobs} jobs: {self.complaint()}")
        return samples

    def check_done(self, tool, jobs, count=lambda path: path.stat().st_size):
        """Every job ran once, and the tool knows it: what runs twice, runs within this second."""
        deadline = time.monotonic() + 5
        time.sleep(0.3)
        while (left := self.waiting(tool)) and time.monotonic() < deadline:
            time.sleep(0.05)
        done = count(self.marks)
        if done != jobs or left:
            raise Unmeasured(f"wrong count: {done} of {jobs} jobs done, {left} still waiting")


def watch_over(process):
    """Nobody tells a tool's own children when the harness is killed. This shell sees its end of the pipe close."""
    return subprocess.Popen(
        ["sh", "-c", 'read -r _; kill -s KILL -- "-$0"', str(process.pid)], stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL, start_new_session=True)


def stop(process):
    """Orderly first, so that the tool says good-bye to Redis; then by force, with whatever it has started."""
    try:
        process.terminate()
        process.wait(10)
    except subprocess.TimeoutExpired:
        pass
    finally:  # also when a second Ctrl-C comes in the meantime
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdout:
            process.stdout.close()
