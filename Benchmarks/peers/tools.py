"""What is measured: each tool's driver, where its waiting jobs lie in Redis, how many jobs make a row last seconds."""
import hashlib, json, os, shutil, subprocess
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CORES = len(os.sched_getaffinity(0))


class Unmeasured(Exception):
    """Why there is no figure."""


@dataclass
class Load:
    jobs: int
    concurrency: int = 0  # of the worker, where one runs
    note: str = ""
    quick: int = 0  # jobs with --quick
    gap_ms: float = 30  # of the row latency: mean pause between two jobs


@dataclass
class Tool:
    name: str
    driver: list  # a file in drivers/, or a program with its arguments
    line: tuple  # command and key that count the waiting jobs of {queue}
    loads: dict  # row → Load; a row that is absent has no counterpart in the tool
    packages: str = ""  # the file in requirements/ that it runs with
    environment: dict = field(default_factory=dict)
    about: dict = field(default_factory=dict)

    def prepare(self):
        """Installs what the driver needs and asks it for its versions."""
        if self.packages:
            self.driver = [python(self.packages), str(HERE / "drivers" / self.driver[0])]
        elif self.driver[0].endswith(".rb"):
            self.driver = ["ruby", str(HERE / "drivers" / self.driver[0])]
        if not shutil.which(self.driver[0]):
            raise Unmeasured(f"there is no {self.driver[0]}")
        done = subprocess.run([*self.driver, "about"], capture_output=True, text=True, timeout=60)
        try:
            self.about = json.loads(done.stdout)
        except ValueError:
            raise Unmeasured(last_line(done.stderr + done.stdout) or f"exit {done.returncode} without a word") from None


def python(name):
    """The interpreter of an environment of its own with the pinned packages, kept until the pins change: the tools do
    not agree on one version of redis-py."""
    folder, pins = ROOT / ".build/peers" / name, HERE / "requirements" / f"{name}.txt"
    digest = hashlib.sha256(pins.read_bytes()).hexdigest()
    stamp, interpreter = folder / "installed", folder / "bin/python"
    if stamp.exists() and stamp.read_text() == digest:
        return str(interpreter)
    for command in (
        ["/usr/bin/python3", "-m", "venv", "--clear", str(folder)],
        [str(interpreter), "-m", "pip", "install", "--quiet", "--only-binary", ":all:", "--requirement", str(pins)],
    ):
        done = subprocess.run(command, capture_output=True, text=True, timeout=900)
        if done.returncode:
            raise Unmeasured(f"cannot install: {last_line(done.stderr + done.stdout)}")
    stamp.write_text(digest)
    return str(interpreter)


def last_line(text):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else ""


def every_tool(ours):
    """Ours comes first: it is what the others are compared with."""
    rq_line = ("LLEN", "rq:queue:{queue}")
    return [
        Tool("queue-worker", [ours], ("ZCARD", "jq:{{{queue}}}:queued"), {
            "enqueue": Load(50_000, quick=500),
            "bulk": Load(600_000, note="1,000 a call", quick=5000),
            "drain": Load(600_000, 100, "1 process", quick=30_000),
            "latency": Load(500, 100, "1 process", quick=30, gap_ms=15),
            "sleep": Load(20_000, 500, "1 process", quick=2000),
        }),
        Tool("Sidekiq", ["sidekiq_peer.rb"], ("LLEN", "queue:{queue}"), {
            "enqueue": Load(40_000, quick=500),
            "bulk": Load(400_000, note="push_bulk of 1,000", quick=5000),
            "drain": Load(40_000, 10, "1 process, 10 threads", quick=2000),
            "latency": Load(500, 10, "1 process, 10 threads", quick=30, gap_ms=15),
            "sleep": Load(2500, 50, "1 process, 50 threads", quick=500),
        }),
        Tool("Dramatiq", ["dramatiq_peer.py"], ("LLEN", "dramatiq:{queue}"), {
            "enqueue": Load(15_000, quick=200),
            "bulk": Load(15_000, note="group of 1,000: a message each", quick=200),
            "drain": Load(12_000, 32, "2 processes of 16 threads", quick=800),
            "latency": Load(300, 32, "2 processes of 16 threads", quick=30),
            "sleep": Load(5000, 128, "2 processes of 64 threads", quick=800),
        }, packages="dramatiq"),
        Tool("Celery", ["celery_peer.py"], ("LLEN", "{queue}"), {
            "enqueue": Load(8000, quick=200),
            "bulk": Load(8000, note="group of 1,000: a message each", quick=200),
            "drain": Load(8000, CORES, f"prefork, {CORES} processes", quick=600),
            "latency": Load(300, CORES, f"prefork, {CORES} processes", quick=30),
            "sleep": Load(5000, 250, "gevent, 1 process", quick=1000),
        }, packages="celery"),
        Tool("ARQ", ["arq_peer.py"], ("ZCARD", "{queue}"), {
            "enqueue": Load(10_000, quick=200),
            "drain": Load(8000, 500, "1 process, max_jobs 500", quick=1000),
            "latency": Load(300, 500, "1 process, max_jobs 500", quick=30),
            "sleep": Load(5000, 500, "1 process, max_jobs 500", quick=1000),
        }, packages="arq"),
        Tool("RQ, SimpleWorker", ["rq_peer.py"], rq_line, {
            "enqueue": Load(12_000, quick=200),
            "bulk": Load(50_000, note="enqueue_many of 1,000", quick=1000),
            "drain": Load(3000, 2 * CORES, f"{2 * CORES} workers", quick=300),
            "latency": Load(300, 2 * CORES, f"{2 * CORES} workers", quick=30),
            "sleep": Load(700, 16, "16 workers", quick=160),
        }, packages="rq", environment={"PEER_RQ": "simple"}),
        Tool("RQ, forking Worker", ["rq_peer.py"], rq_line, {
            "drain": Load(800, 2 * CORES, f"{2 * CORES} workers, a process for each job", quick=100),
            "latency": Load(200, 2 * CORES, f"{2 * CORES} workers, a process for each job", quick=20, gap_ms=60),
            "sleep": Load(400, 16, "16 workers, a process for each job", quick=96),
        }, packages="rq"),
    ]
