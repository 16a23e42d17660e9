# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Martlet authors

"""Many workers that encode nothing: they speak to a coordinator as workers do, and answer every task at once.

A result is a small file that lies where the coordinator's own worker would put it, made before the work begins: what
is measured is the coordinator. It reads and records each as any other; only the film cannot be joined from such
results, so jobs are cancelled before their end.
"""

import hashlib
import heapq
import json
import math
import os
import random
import re
import resource
import select
import subprocess
import sys
import time

from .web_socket import CLOSE, WebSocket

PATH = "/api/v1/workers/connect"
RESULT = b"nothing was encoded\n"
DIGEST = hashlib.sha256(RESULT).hexdigest()
LEASE = re.compile(rb'"lease":(\{(?:[^{}]|\{[^{}]*\})*\})')
SUFFIX = re.compile(rb'"fileExtension":"([a-z0-9]+)"')


class Worker:
    """One worker with one slot."""

    def __init__(self, name, socket):
        self.name = name
        self.socket = socket
        self.leases = set()
        self.is_welcome = False
        self.said = 0.0
        """When it last said that a task is finished, and was given none since; 0 otherwise."""


class Fleet:
    """All workers, in one thread."""

    def __init__(self, service, count, tls=None):
        allow_descriptors(count + 256)
        self.service = service
        self.hold = 0.0
        """Seconds that tasks take on average, half to one and a half times as long each; 0 answers at once."""
        self._chance = random.Random(1)
        self.is_working = True
        self.taken = []
        """When each result was taken; may be emptied."""
        self.total = 0
        """How many results were taken in all."""
        self.slowest_opening = 0.0
        """Seconds from the connection to the WebSocket, at most."""
        self.refused = 0
        self.waits = []
        """Seconds from each end of a task to the next task of the same worker."""
        self._due = []
        self._heartbeats = []
        self._epoll = select.epoll()
        self._workers = {}
        build = encoder_build()
        for number in range(count):
            name = f"worker-{number:04}"
            begin = time.monotonic()
            worker = Worker(name, WebSocket(service.host, service.port, PATH, tls))
            self.slowest_opening = max(self.slowest_opening, time.monotonic() - begin)
            registration = {
                "profile": {
                    "id": name,
                    "slots": 1,
                    "memory": {"bytes": 1 << 32},
                    "buildDigest": "bench",
                    "encoders": ["libx264"],
                },
                "build": build,
                "instance": name,
                "holding": [],
                "protocolVersion": 1,
            }
            worker.socket.send(json.dumps({"register": {"_0": registration}}).encode())
            self._workers[worker.socket.fileno()] = worker
            self._epoll.register(worker.socket.fileno(), select.EPOLLIN)
            heapq.heappush(self._heartbeats, (time.monotonic() + 10 * (number + 1) / count, worker.socket.fileno()))
            if number % 50 == 49:
                self.turn(0)

    def __len__(self):
        return len(self._workers)

    @property
    def workers(self):
        """The workers that are connected."""
        return self._workers.values()

    # Turns

    def serve(self, seconds=None, until=lambda: False):
        """Works so long, or until something is so."""
        end = None if seconds is None else time.monotonic() + seconds
        while not until() and (end is None or time.monotonic() < end):
            self.turn(0.05)

    def turn(self, patience):
        """Does what is to be done now; waits for it at most so many seconds."""
        if self._due:
            patience = max(0, min(patience, self._due[0][0] - time.monotonic()))
        for descriptor, events in self._epoll.poll(patience):
            worker = self._workers[descriptor]
            if events & select.EPOLLOUT:
                worker.socket.flush()
                if not worker.socket.wants_to_write:
                    self._epoll.modify(descriptor, select.EPOLLIN)
            for message in worker.socket.messages():
                self._hear(worker, message)
            if worker.socket.is_over:
                self._drop(worker)
        now = time.monotonic()
        while self._due and self._due[0][0] <= now:
            _, descriptor, order = heapq.heappop(self._due)
            if descriptor in self._workers:
                self._finish(self._workers[descriptor], *order)
        while self._heartbeats and self._heartbeats[0][0] <= now:
            due, descriptor = heapq.heappop(self._heartbeats)
            if descriptor in self._workers:
                self._tell_of_life(self._workers[descriptor])
                heapq.heappush(self._heartbeats, (due + 10, descriptor))

    def _hear(self, worker, message):
        if message.startswith(b'{"run"'):
            now = time.monotonic()
            if worker.said:
                self.waits.append(now - worker.said)
                worker.said = 0.0
            lease = LEASE.search(message).group(1)
            suffix = SUFFIX.search(message).group(1).decode()
            worker.leases.add(lease)
            if self.is_working:
                self._take_up(worker, lease, suffix)
        elif message.startswith(b'{"taken"'):
            if b'"_1":true' in message:
                self.taken.append(time.monotonic())
                self.total += 1
            else:
                self.refused += 1
        elif message.startswith(b'{"lost"'):
            worker.is_welcome = True
        elif message.startswith(b'{"stop"'):
            worker.leases.discard(message[len(b'{"stop":{"_0":') : -2])

    def _take_up(self, worker, lease, suffix):
        if self.hold:
            due = time.monotonic() + self.hold * self._chance.uniform(0.5, 1.5)
            heapq.heappush(self._due, (due, worker.socket.fileno(), (lease, suffix)))
        else:
            self._finish(worker, lease, suffix)

    def _finish(self, worker, lease, suffix):
        facts = json.loads(lease)
        name = f"{facts['task']}.{facts['epoch']['number']}.{suffix}"
        if facts["epoch"]["number"] > 1:
            self._put(f"{self.service.directory}/jobs/{facts['job']}/{name}")
        result = (
            f'{{"task":"{facts["task"]}","fileName":"{name}","size":{{"bytes":{len(RESULT)}}},"digest":"{DIGEST}",'
            f'"count":1,"payload":{{"bytes":{len(RESULT)}}}}}'
        )
        worker.leases.discard(lease)
        worker.said = time.monotonic()
        worker.socket.send(
            b'{"finished":{"_0":' + lease + b',"_1":{"completed":{"_0":' + result.encode() + b"}}}}"
        )
        self._note_writing(worker)

    def make_results(self, job, tasks):
        """Makes the results of the first attempts at all tasks of a job that was given out to workers at rest."""
        directory = f"{self.service.directory}/jobs/{job}"
        self.serve(60, until=lambda: any(worker.leases for worker in self.workers))
        if not any(worker.leases for worker in self.workers):
            sys.exit(f"{len(self)} workers are connected, and none was given a task")
        for number in range(tasks):
            self._put(f"{directory}/video-{number:05}.1.mkv")

    def work(self):
        """Begins with what was given out while the workers were at rest."""
        self.is_working = True
        for worker in list(self.workers):
            for lease in list(worker.leases):
                self._take_up(worker, lease, "mkv")

    @staticmethod
    def _put(path):
        try:
            with open(path, "wb", buffering=0) as file:
                file.write(RESULT)
        except FileNotFoundError:
            return

    def _tell_of_life(self, worker):
        worker.socket.send(b'{"heartbeat":{"holding":[' + b",".join(worker.leases) + b"]}}")
        self._note_writing(worker)

    @property
    def unanswered(self):
        """How many workers have not been answered a heartbeat."""
        return sum(not worker.is_welcome for worker in self._workers.values())

    def forget(self):
        """Forgets the tasks of a job that is over."""
        self._due = []
        for worker in self._workers.values():
            worker.leases.clear()
            worker.said = 0.0

    def _note_writing(self, worker):
        if worker.socket.wants_to_write and not worker.socket.is_over:
            self._epoll.modify(worker.socket.fileno(), select.EPOLLIN | select.EPOLLOUT)

    def _drop(self, worker):
        descriptor = worker.socket.fileno()
        self._epoll.unregister(descriptor)
        del self._workers[descriptor]
        worker.socket.close()

    # The end

    def close(self, limit=20):
        """Closes all connections in order, all at once; answers how many seconds the last one took."""
        begin = time.monotonic()
        for worker in list(self._workers.values()):
            worker.socket.send((1000).to_bytes(2, "big"), CLOSE)
            self._note_writing(worker)
        self.serve(limit, until=lambda: not self._workers)
        taken = time.monotonic() - begin
        is_clean = not self._workers
        self.drop()
        return taken if is_clean else math.inf

    def drop(self):
        """Closes what is still open without a word."""
        for worker in list(self._workers.values()):
            self._drop(worker)
        self._epoll.close()


def encoder_build():
    """What a worker says of the ffmpeg that is here."""
    filters = [words[1] for words in listing("-filters") if len(words) > 2 and "->" in words[2]]
    encoders = [words[1] for words in listing("-encoders") if len(words) > 2 and re.fullmatch("[VAS][A-Z.]{5}", words[0])]
    return {"version": "5.1", "codecMajorVersion": 59, "digest": "bench", "filters": filters, "encoders": encoders}


def listing(question):
    """The words of each line that ffmpeg answers."""
    said = subprocess.run(["ffmpeg", "-hide_banner", question], capture_output=True, text=True, check=True).stdout
    return [line.split() for line in said.splitlines()]


def allow_descriptors(count):
    """Raises this process's own limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(count, soft), hard), hard))
