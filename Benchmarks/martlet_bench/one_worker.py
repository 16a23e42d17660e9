# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Martlet authors

"""One worker behind a coordinator, against the same work without them."""

import filecmp
import os
import subprocess

from . import films, measuring
from .serving import Program, Service, processor_seconds, wait_until

GOAL = 1.03


def measure(table, martlet, scratch, is_quick, runs):
    """Adds the rows: wall and processor time of a film through a cluster of one, over `transcode`."""
    root = os.path.join(scratch, "single")
    os.makedirs(root, exist_ok=True)
    film = films.draw(os.path.join(root, "film.mp4"), 10 if is_quick else 60, "160x90" if is_quick else "640x360")
    local, remote = os.path.join(root, "local.mkv"), os.path.join(root, "remote.mkv")
    preset = "ultrafast" if is_quick else "medium"
    plain = [martlet, "transcode", film, local, "--overwrite", "-q", "--preset", preset, "--audio-codec", "copy"]
    with Service(martlet, os.path.join(scratch, "single-state"), root) as service:
        with Worker(martlet, service, os.path.join(scratch, "single-worker")) as worker:

            def through():
                sides = (service.process.pid, worker.process.pid)
                before = sum(with_children(pid) for pid in sides)
                order = [martlet, "submit", "films:film.mp4", "films:remote.mkv", "--coordinator", service.url]
                cost = measuring.run(
                    order + ["--overwrite", "-q", "--watch", "--preset", preset, "--audio-codec", "copy"]
                )
                cost.processor += sum(with_children(pid) for pid in sides) - before
                return cost

            through()
            costs = measuring.take_turns(runs, {"local": lambda: measuring.run(plain), "remote": through})
    for part, name in (("wall", "wall"), ("processor", "processor")):
        ratio = measuring.median_ratio(costs, "remote", "local", part)
        table.most(f"a film through coordinator and one worker, over transcode: {name}", GOAL, ratio, " x")
    seconds = [cost.wall for cost in costs["local"]]
    table.note(f"transcode took {min(seconds):.1f} to {max(seconds):.1f} s")
    table.least("the same bytes either way", 1, float(filecmp.cmp(local, remote, shallow=False)))


class Worker(Program):
    """A `martlet work` that has no media root: it takes sources from the coordinator."""

    def __init__(self, martlet, service, directory):
        os.makedirs(directory, exist_ok=True)
        self.process = subprocess.Popen(
            [martlet, "work", "--coordinator", service.url, "--benchmark-duration", "0", "--http-port", "0"]
            + ["--temp-directory", directory],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_until(lambda: service.ask("/api/v1/workers"), "the worker did not join")
        except SystemExit:
            self.kill()
            raise


def with_children(pid):
    """Seconds of processor time of a process, with its children that have ended."""
    return processor_seconds(pid, with_children=True)
