# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Martlet authors

"""Running programs and reading what they cost."""

import json
import os
import resource
import signal
import statistics
import subprocess
import sys
import threading
import time


class Cost:
    """What one run took."""

    def __init__(self, wall, processor):
        self.wall = wall
        self.processor = processor


def run(command, limit=3600):
    """Runs a program to its end; ends the bench when it fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    ) as process:
        try:
            _, errors = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            sys.exit(f"did not end within {limit} s: {' '.join(command)}")
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode != 0:
        sys.exit(f"ended with {process.returncode}: {' '.join(command)}\n{errors.decode(errors='replace')[-2000:]}")
    return Cost(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def output(command):
    """The standard output of a program."""
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True).stdout


def take_turns(runs, sides):
    """Runs each side `runs` times, one after the other, and answers the costs of each."""
    costs = {name: [] for name in sides}
    for _ in range(runs):
        for name, side in sides.items():
            costs[name].append(side())
    return costs


def keep_in_memory(path):
    """Reads a file once, so that the first side to be measured does not pay for the disk."""
    with open(path, "rb", buffering=0) as file:
        while file.read(1 << 20):
            pass


def median_ratio(costs, over, under, part):
    """The median of the ratios of runs that stood next to each other."""
    return statistics.median(
        getattr(one, part) / max(getattr(other, part), 1e-9) for one, other in zip(costs[over], costs[under])
    )


class Watched:
    """One run of martlet whose lines, memory and first encoder are watched; on wish it ends with the latter."""

    def __init__(self, command, limit=3600, until_encoder=False):
        self.events = []
        self._until_encoder = until_encoder
        self.peak_kilobytes = 0
        self.first_encoder_seconds = None
        self.start = time.monotonic()
        with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            watcher = threading.Thread(target=self._watch, args=(process,), daemon=True)
            watcher.start()
            killer = threading.Timer(limit, process.kill)
            killer.start()
            for line in process.stdout:
                try:
                    self.events.append((time.monotonic() - self.start, json.loads(line)))
                except ValueError:
                    continue
            errors = process.stderr.read()
            process.wait()
            killer.cancel()
            watcher.join()
        if process.returncode != 0 and not until_encoder:
            sys.exit(f"ended with {process.returncode}: {' '.join(command)}\n{errors[-2000:]}")

    def _watch(self, process):
        """Looks often until the first encoder runs, then now and then."""
        while process.poll() is None:
            self._read_memory(process.pid)
            if self.first_encoder_seconds is None and self._encodes(process.pid):
                self.first_encoder_seconds = time.monotonic() - self.start
                if self._until_encoder:
                    process.send_signal(signal.SIGINT)
            time.sleep(0.002 if self.first_encoder_seconds is None else 0.1)

    def _read_memory(self, pid):
        try:
            with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
                for line in status:
                    if line.startswith("VmHWM:"):
                        self.peak_kilobytes = max(self.peak_kilobytes, int(line.split()[1]))
        except OSError:
            return

    @staticmethod
    def _encodes(pid):
        """Whether a child of the process is an ffmpeg that writes frames of a film."""
        try:
            threads = os.listdir(f"/proc/{pid}/task")
        except OSError:
            return False
        for thread in threads:
            try:
                with open(f"/proc/{pid}/task/{thread}/children", encoding="ascii") as children:
                    for child in children.read().split():
                        with open(f"/proc/{child}/cmdline", "rb") as line:
                            if b"-progress" in line.read():
                                return True
            except OSError:
                continue
        return False

    def between(self, begins, ends):
        """The seconds from the first event that `begins` accepts to the last one that `ends` accepts."""
        first = next((moment for moment, event in self.events if begins(event)), None)
        last = next((moment for moment, event in reversed(self.events) if ends(event)), None)
        return None if first is None or last is None else last - first
