# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Martlet authors

"""A film that is streamed on demand: playlists, first segments, and segments that are there."""

import http.client
import json
import os
import shlex
import shutil
import statistics
import subprocess
import sys
import threading
import time

from . import films, measuring, serving


class Streams(serving.Program):
    """A running `martlet stream`, with caches of its own and an ffmpeg that writes down how it was called."""

    def __init__(self, martlet, directory, path):
        self.directory = directory
        self.calls = os.path.join(directory, "calls.txt")
        os.makedirs(directory, exist_ok=True)
        script = os.path.join(directory, "ffmpeg")
        with open(script, "w", encoding="utf-8") as text:
            text.write(f'#!/bin/bash\nprintf "%q " "$@" >> {shlex.quote(self.calls)}\n')
            text.write(f'echo >> {shlex.quote(self.calls)}\nexec ffmpeg "$@"\n')
        os.chmod(script, 0o755)
        environment = dict(os.environ, MARTLET_FFMPEG=script, XDG_CACHE_HOME=os.path.join(directory, "scans"))
        self.process = subprocess.Popen(
            [martlet, "stream", path, "--port", "0", "--json", "--cache-directory", os.path.join(directory, "cache")]
            + ["--rate-limit", "0"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )
        self.url = json.loads(self.process.stdout.readline())["url"]
        self.reader = threading.Thread(target=self.process.stdout.read)
        self.reader.start()
        self.connection = http.client.HTTPConnection(self.url.split("://", 1)[1], timeout=300)

    def stop(self):
        self.connection.close()
        super().stop()
        self.reader.join()
        self.process.stdout.close()

    def get(self, path):
        """The seconds that an answer took, and its body."""
        start = time.monotonic()
        self.connection.request("GET", path)
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            sys.exit(f"{path}: {answer.status} {body.decode(errors='replace')}")
        return time.monotonic() - start, body

    def number(self, name):
        """A number of /metrics."""
        for line in self.get("/metrics")[1].decode().splitlines():
            if line.startswith(name + " "):
                return float(line.rsplit(" ", 1)[1])
        return 0.0

    def rest(self):
        """Waits until nothing is made any more."""
        serving.wait_until(lambda: self.number("martlet_stream_parts_making") == 0, "work ahead did not end", 300)


def measure(table, martlet, scratch, is_quick, runs):
    """Adds the rows of playlists, first segments and cached ones."""
    # What an earlier run has scanned and made would be there at once.
    for name in ("streams", "long-streams", "probe-scans"):
        shutil.rmtree(os.path.join(scratch, name), ignore_errors=True)
    playlists(table, martlet, scratch, is_quick)
    film = films.draw(os.path.join(scratch, "streamed.mp4"), 60 if is_quick else 300, "320x180" if is_quick else "1280x720")
    with Streams(martlet, os.path.join(scratch, "streams"), film) as server:
        base = "/hls/" + os.path.basename(film)
        count = server.get(f"{base}/original/index.m3u8")[1].decode().count("#EXTINF")
        first_segments(table, server, base, count, runs)
        cached_segments(table, server, base, count, runs, 200 if is_quick else 2000)


def playlists(table, martlet, scratch, is_quick):
    """Adds the rows of how soon a film of two hours can be played."""
    part = films.draw(os.path.join(scratch, "part.mp4"), 20 if is_quick else 600, "160x90")
    film = films.repeated(part, 2 if is_quick else 12, os.path.join(scratch, "long.mp4"))
    length = "the short film" if is_quick else "two hours"
    measuring.keep_in_memory(film)
    environment = dict(os.environ, XDG_CACHE_HOME=os.path.join(scratch, "probe-scans"))
    start = time.monotonic()
    subprocess.run([martlet, "probe", film, "--json"], env=environment, stdout=subprocess.DEVNULL, check=True)
    scan = time.monotonic() - start
    base, taken = "/hls/" + os.path.basename(film), []
    for _ in range(2):
        with Streams(martlet, os.path.join(scratch, "long-streams"), film) as server:
            seconds = server.get(f"{base}/master.m3u8")[0] + server.get(f"{base}/original/index.m3u8")[0]
            taken.append(seconds)
    table.most(f"playlists of {length}, never seen before, against its scan by `probe`", 1.5, taken[0] / scan, " x")
    table.most(f"playlists of {length} after a restart", 0.3, taken[1], " s")


def first_segments(table, server, base, count, runs):
    """Adds the row of segments that nobody has asked for, against ffmpeg alone with the same arguments."""
    ratios = []
    for number in range(runs):
        server.rest()
        segment = place(number, count, runs)
        begun = sum(1 for _ in open(server.calls, encoding="utf-8"))
        taken = server.get(f"{base}/original/{segment}.m4s?session=run{number}")[0]
        server.rest()
        with open(server.calls, encoding="utf-8") as text:
            calls = [shlex.split(line) for line in text.readlines()[begun:]]
        # The picture's first call is the one that was waited for.
        call = next(call for call in calls if "-c:v" in call)
        call[-1] = os.path.join(server.directory, "bare.mkv")
        start = time.monotonic()
        subprocess.run(["ffmpeg", *call], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
        ratios.append(taken / (time.monotonic() - start))
    table.most("first segment at a new place against ffmpeg alone", 1.3, statistics.median(ratios), " x")


def cached_segments(table, server, base, count, runs, requests):
    """Adds the row of segments that are there, and so is what lies ahead of them: nothing is made meanwhile."""
    places = [place(number, count, runs) for number in range(runs)]
    for segment in places:
        server.get(f"{base}/original/{segment}.m4s")
        server.rest()
    taken = sorted(server.get(f"{base}/original/{places[turn % runs]}.m4s")[0] for turn in range(requests))
    table.most("a segment that is there, 99 % of requests within", 5, taken[int(len(taken) * 0.99)] * 1000, " ms")


def place(number, count, runs):
    """One of some places that lie evenly in a film of so many segments."""
    return (number + 1) * count // (runs + 1)
