#!/usr/bin/python3
"""Whether a benchmark still gives figures: each is run for a moment, and what it measures is not looked at.

    smoke.py run GROUP...     as root: groups of run.py
    smoke.py reload           as root: reload.py
    smoke.py stage PROGRAM    a program of Google Benchmark
"""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main(kind, *names):
    figures = {"run": run, "reload": reload, "stage": stage}[kind](*names)
    print(figures)
    bad = {name: value for name, value in figures.items() if not math.isfinite(value)}
    if bad or not figures:
        print(f"no figures: {bad or 'none at all'}", file=sys.stderr)
        return 1
    return 0


def run(*groups):
    return lines("run.py", *groups)


def reload():
    return lines("reload.py", 3, 200)


def lines(script, *arguments):
    """What a script says in `name value` lines."""
    said = output("/usr/bin/python3", HERE / script, *arguments)
    return {name: float(value) for name, value in (line.split() for line in said.splitlines())}


def stage(program):
    """Time for each of the program's benchmarks; one that says it failed has none."""
    report = json.loads(output(program, "--benchmark_min_time=0.01", "--benchmark_format=json"))
    return {one["name"]: math.nan if one.get("error_occurred") else one["real_time"] for one in report["benchmarks"]}


def output(*command):
    environment = {**os.environ, "OCTROI_BENCH_SMOKE": "1"}
    return subprocess.run([str(word) for word in command], env=environment, stdout=subprocess.PIPE, text=True,
                          check=True, timeout=240).stdout


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
