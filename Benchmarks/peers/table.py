"""The report: machine, versions, one table."""
import json, os, platform
from statistics import median

from rows import ROWS

FASTER_IS_MORE = {"jobs/s"}  # of the units; less is better of the others


def machine():
    with open("/proc/cpuinfo") as file:
        names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    return {
        "cpu": names[0] if names else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
        "load at start": round(os.getloadavg()[0], 2),
    }


def entries(results, rows, tools):
    """One entry for each row and tool, in the order of the table."""
    for row in rows:
        ours = results.get((row, tools[0].name), {})
        for tool in tools:
            compared = None if tool is tools[0] or "reason" in ours else ours.get("rounds")
            yield entry(row, tool, results.get((row, tool.name), {}), compared)


def entry(row, tool, result, ours):
    load = tool.loads.get(row)
    out = {"row": row, "tool": tool.name, "jobs": result.get("jobs"), "settings": settings(load), "figures": []}
    if "reason" in result:
        return {**out, "reason": result["reason"]}
    for name, unit in ROWS[row][2] if "rounds" in result else []:
        values = [figures[name] for figures in result["rounds"]]
        figure = {"name": name, "unit": unit, "median": median(values), "rounds": values}
        if ours:
            mine = median(figures[name] for figures in ours)
            pair = (mine, figure["median"])
            figure["ours / theirs"] = pair[0] / pair[1] if unit in FASTER_IS_MORE else pair[1] / pair[0]
        out["figures"].append(figure)
    return out


def settings(load):
    if not load:
        return ""
    parts = [load.note, f"concurrency {load.concurrency}" if load.concurrency else ""]
    return ", ".join(part for part in parts if part)


def markdown(header, lines):
    about = header["machine"]
    parts = [
        header["date"], f"{about['cpu']}, {about['cores']} cores, load {about['load at start']} at start",
        f"redis {header['redis']}, AOF everysec, unix socket", f"median of {header['rounds']}"]
    yield " · ".join([*parts, "--quick: these figures mean nothing"] if header["quick"] else parts)
    yield ""
    for name, about in header["tools"].items():
        yield f"* {name}: " + ", ".join(value if key == "runtime" else f"{key} {value}" for key, value in about.items())
    yield ""
    yield "| what | tool | jobs | median | ours / theirs | settings |"
    yield "|---|---|--:|--:|--:|---|"
    for line in lines:
        yield row_of(line)
    yield ""
    yield "Ours / theirs compares speed: above 1, ours is faster, also where the figure is a time."


def row_of(line):
    cells = [ROWS[line["row"]][1], line["tool"]]
    if "reason" in line:
        return "| " + " | ".join([*cells, "", f"not measured: {line['reason'].replace('|', '/')}", "", ""]) + " |"
    if not line["figures"]:
        return "| " + " | ".join([*cells, "", "–", "", ""]) + " |"
    jobs = f"{line['jobs']:,}"
    values = [f"{number(figure['median'])} {figure['unit']}" for figure in line["figures"]]
    ratios = [number(figure["ours / theirs"]) for figure in line["figures"] if "ours / theirs" in figure]
    return "| " + " | ".join([*cells, jobs, " · ".join(values), " · ".join(ratios), line["settings"]]) + " |"


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def write(file, header, lines):
    with file:
        json.dump({**header, "rows": lines}, file, indent=2)
        file.write("\n")
