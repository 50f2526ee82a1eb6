#!/usr/bin/env python3
"""Measures other job queues and ours in turns, through one Redis: scripts/bench-peers starts it. See README.md."""
import argparse, datetime, os, signal, subprocess, sys

import table
from rig import Rig
from rows import ROWS
from tools import ROOT, Unmeasured, every_tool


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="the median counts (default: 3)")
    parser.add_argument("--quick", action="store_true", help="one round of a few jobs: does every row run?")
    parser.add_argument("--rows", help=f"only these, with commas between: {','.join(ROWS)}")
    parser.add_argument("--tools", help="only ours and those whose names begin so: rq,arq")
    parser.add_argument("--json", metavar="FILE", type=argparse.FileType("w"), help="every round of every row")
    parser.add_argument("--ours", default=str(ROOT / ".build/release/queue-peer"), help="our driver")
    options = parser.parse_args()
    options.rows = options.rows.split(",") if options.rows else list(ROWS)
    if unknown := set(options.rows) - set(ROWS):
        parser.error(f"no such row: {', '.join(sorted(unknown))}")
    if options.rounds < 1:
        parser.error("--rounds is at least 1")
    return options


def chosen(options):
    tools = every_tool(options.ours)
    if not options.tools:
        return tools
    words = options.tools.lower().split(",")
    return tools[:1] + [tool for tool in tools[1:] if tool.name.lower().startswith(tuple(words))]


def say(text):
    print(text, file=sys.stderr, flush=True)


def prepare(tools, rows):
    """The results so far: a reason for each row of a tool that cannot be had here."""
    results = {}
    for tool in tools:
        say(f"preparing {tool.name}")
        try:
            tool.prepare()
        except (Unmeasured, OSError, subprocess.SubprocessError) as problem:
            for row in rows:
                if row in tool.loads:
                    results[row, tool.name] = {"reason": str(problem)}
    return results


def measure(rig, tool, row, options, results):
    load = tool.loads.get(row)
    result = results.setdefault((row, tool.name), {}) if load else {}
    if not load or "reason" in result:
        return
    if options.quick:
        load.jobs = load.quick
    try:
        figures = ROWS[row][0](rig, tool, load)
    except Unmeasured as problem:
        result["reason"] = str(problem)
        say(f"  {row:8} {tool.name:20} not measured: {problem}")
        return
    result["jobs"] = load.jobs
    result.setdefault("rounds", []).append(figures)
    values = "   ".join(f"{table.number(figures[name])} {unit}" for name, unit in ROWS[row][2])
    say(f"  {row:8} {tool.name:20} {values}")


def main():
    options = arguments()
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, lambda number, frame: sys.exit(128 + number))  # through every `finally`
    try:
        url, folder = os.environ["REDIS_URL"], os.environ["QUEUE_FOLDER"]
    except KeyError:
        sys.exit("REDIS_URL or QUEUE_FOLDER is not set: run scripts/bench-peers, which starts a server of its own")
    tools = chosen(options)
    machine = table.machine()
    results = prepare(tools, options.rows)
    rig = Rig(url, folder, limit=60 if options.quick else 180)
    rounds = 1 if options.quick else options.rounds
    for number in range(rounds):
        say(f"round {number + 1} of {rounds}")
        for row in options.rows:  # the tools take turns within each row, so that noise of the machine meets all alike
            for tool in tools:
                measure(rig, tool, row, options, results)
    header = {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"), "machine": machine,
        "redis": rig.redis.info("server")["redis_version"], "rounds": rounds, "quick": options.quick,
        "tools": {tool.name: tool.about for tool in tools if tool.about},
    }
    lines = list(table.entries(results, options.rows, tools))
    print("\n".join(table.markdown(header, lines)))
    if options.json:
        table.write(options.json, header, lines)
    return any("reason" in line for line in lines)


try:
    sys.exit(main())
except KeyboardInterrupt:
    sys.exit(130)
