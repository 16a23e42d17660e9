# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Martlet authors

"""A coordinator as a process of its own, and what it costs."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

TICK = os.sysconf("SC_CLK_TCK")


class Program:
    """A running process, ended at the end of a `with`."""

    process = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """Ends it in order."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self):
        """Ends it at once, as a crash would."""
        self.process.kill()
        self.process.wait()


def wait_until(is_so, complaint, limit=60):
    """Waits until something holds that gives no sign."""
    end = time.monotonic() + limit
    while not is_so():
        if time.monotonic() > end:
            sys.exit(complaint)
        time.sleep(0.05)


class Service(Program):
    """A running `martlet serve`, or any other process that is watched likewise."""

    def __init__(self, martlet, directory, root, *options):
        self.directory = directory
        os.makedirs(directory, exist_ok=True)
        self._errors = open(os.path.join(directory, "errors.log"), "ab")
        self.process = subprocess.Popen(
            [martlet, "serve", "--port", "0", "--json", "--data-directory", directory]
            + ["--media-root", f"films={root}", *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        lines = queue.Queue()
        threading.Thread(target=self._read, args=(lines,), daemon=True).start()
        try:
            self.url = json.loads(lines.get(timeout=60))["url"]
        except (queue.Empty, ValueError, KeyError):
            self.kill()
            with open(self._errors.name, encoding="utf-8", errors="replace") as text:
                sys.exit(f"the coordinator did not begin:\n{text.read()[-2000:]}")
        self.host, port = self.url.split("://", 1)[1].rsplit(":", 1)
        self.port = int(port)

    def _read(self, lines):
        for line in self.process.stdout:
            lines.put(line)

    def ask(self, path, body=None, method=None):
        """A call of the API; answers its JSON."""
        request = urllib.request.Request(
            self.url + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refusal:
            sys.exit(f"{path}: {refusal} {refusal.read().decode(errors='replace')}")

    def job_until(self, job, accepted, limit=120):
        """Waits until a job is as wanted, and answers it."""
        view = {}

        def is_accepted():
            nonlocal view
            view = self.ask(f"/api/v1/jobs/{job}")
            return accepted(view)

        wait_until(is_accepted, f"job {job} did not come so far", limit)
        return view

    def stop(self):
        super().stop()
        self._close()

    def kill(self):
        super().kill()
        self._close()

    def _close(self):
        self.process.stdout.close()
        self._errors.close()

    # What it costs

    def processor_seconds(self):
        """Seconds of processor time, without its children's."""
        return processor_seconds(self.process.pid)

    def memory(self, name="VmRSS"):
        """Its memory in MB: `VmRSS` now, `VmHWM` at most."""
        return memory(self.process.pid, name)

    def descriptors(self):
        """How many descriptors it has open."""
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


def processor_seconds(pid, with_children=False):
    """Seconds of processor time of a process; on wish with its children that have ended."""
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as text:
        fields = text.read().rsplit(")", 1)[1].split()
    return sum(int(field) for field in fields[11 : 15 if with_children else 13]) / TICK


def memory(pid, name):
    """A line of /proc/PID/status, in MB (10^6 bytes)."""
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
        for line in status:
            if line.startswith(name + ":"):
                return int(line.split()[1]) * 1024 / 1e6
    return None
