# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Martlet authors

"""How well the scheduler spreads a film over machines, in virtual time."""

import json

from . import measuring

# Machines, segments, jobs, whether things go wrong, and the most that the mean may be over the bound.
CASES = [
    (5, 720, 10, False, 1.03),
    (20, 720, 10, False, 1.05),
    (100, 720, 10, False, 1.20),
    (100, 10_000, 3, False, 1.03),
    (5, 720, 10, True, 1.03),
    (20, 720, 10, True, 1.05),
    (100, 720, 10, True, 1.20),
    (100, 10_000, 3, True, 1.03),
]


def measure(table, martlet, is_quick):
    """Adds the rows: time over the bound, effort without result, and what the decisions cost."""
    for machines, segments, runs, faulty, limit in CASES[:1] if is_quick else CASES:
        jobs = simulate(martlet, machines, segments, 1 if is_quick else runs, faulty)
        subject = f"{machines} machines, {segments} segments" + (", faults" if faulty else "")
        table.most(f"{subject}: time over the bound", limit, mean(jobs, "ratio"))
        table.most(f"{subject}: effort without result", 2.5, 100 * mean(jobs, "waste"), " %")
    if not is_quick:
        jobs = simulate(martlet, 1000, 100_000, 1, False)
        table.most("1000 machines, 100000 segments: decisions", 10, mean(jobs, "decision_cpu_s"), " s")
        table.most("1000 machines, 100000 segments: decision, p99", 50, 1e6 * mean(jobs, "decision_p99_s"), " us")


def simulate(martlet, machines, segments, runs, faulty):
    """The figures of simulated jobs."""
    said = measuring.output(
        [martlet, "simulate", "--json", "--machines", str(machines), "--segments", str(segments), "--runs", str(runs)]
        + (["--faults"] if faulty else [])
    )
    return [json.loads(line) for line in said.splitlines()]


def mean(jobs, key):
    """The mean of a figure."""
    return sum(job[key] for job in jobs) / len(jobs)
