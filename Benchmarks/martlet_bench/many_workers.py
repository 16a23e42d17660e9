# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Martlet authors

"""A coordinator with very many workers: how fast it gives out tasks, and what it costs."""

import os
import sqlite3
import ssl
import statistics
import sys
import threading
import time

from . import films, measuring
from .fleet import Fleet
from .serving import Service

TASKS = 10_000
"""Tasks of the film that is given out, one frame each."""
RATE = 1_000
"""Tasks a second while waits are measured: 1,000 workers with tasks of one second."""


def measure(table, martlet, scratch, is_quick):
    """Adds the rows of dispatch, memory and idle cost."""
    count, tasks = (100, 1_000) if is_quick else (1_000, TASKS)
    root = os.path.join(scratch, "films")
    os.makedirs(root, exist_ok=True)
    film = films.frames(os.path.join(root, f"frames_{tasks}.mkv"), tasks)
    few(table, martlet, os.path.join(scratch, "few"), root, 5 if is_quick else 30)
    with Service(martlet, os.path.join(scratch, "many"), root) as service:
        fleet = Fleet(service, count)
        fleet.serve(1)
        idle(table, service, fleet, count, 5 if is_quick else 60)
        load = Others()
        waits(table, service, fleet, film, count, tasks)
        speed(table, service, fleet, film, count, tasks, 1 if is_quick else 3)
        load.tell(table, service)
        table.most(f"{count} workers: the coordinator's memory at most", 120, service.memory("VmHWM"), " MB")
        recorded(table, service, fleet, count)
    encrypted(table, martlet, os.path.join(scratch, "encrypted"), root, 200 if is_quick else 2_000)


class Others:
    """What everything else on the machine took meanwhile: dispatch on a busy machine says little."""

    def __init__(self):
        self.start = time.monotonic()
        self.busy = self._busy()

    def tell(self, table, service):
        """Says how busy the machine was."""
        seconds = time.monotonic() - self.start
        share = (self._busy() - self.busy) / seconds
        table.note(
            f"meanwhile {share:.1f} of {os.cpu_count()} processors were busy; of them the coordinator "
            f"{service.processor_seconds() / seconds:.1f}, the workers' process {time.process_time() / seconds:.1f}"
        )

    @staticmethod
    def _busy():
        with open("/proc/stat", encoding="ascii") as text:
            fields = [int(field) for field in text.readline().split()[1:]]
        return (sum(fields[:8]) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")


def few(table, martlet, directory, root, seconds):
    """Adds the row of a coordinator that has nothing to do."""
    with Service(martlet, directory, root) as service:
        fleet = Fleet(service, 3)
        fleet.serve(seconds)
        table.most("idle coordinator with 3 workers: memory", 30, service.memory(), " MB")
        fleet.close()


def idle(table, service, fleet, count, seconds):
    """Adds the row of workers that only say that they are alive."""
    before = service.processor_seconds()
    fleet.serve(seconds)
    share = 100 * (service.processor_seconds() - before) / seconds
    table.most(f"{count} idle workers, a heartbeat every 10 s: processor", 2, share, " %")


def submit(service, film, output):
    """Submits a film of which every frame becomes a task."""
    order = {"source": f"films:{os.path.basename(film)}", "output": f"films:{output}", "overwrite": True}
    order |= {"segment_duration_s": 0.5, "params": {"codec": "libx264", "options": {"split": "fixed"}}}
    return service.ask("/api/v1/jobs", order)["id"]


def begin(service, fleet, film, output, tasks):
    """Submits a film, and has the workers begin when all results can be there at once."""
    fleet.is_working = False
    job = submit(service, film, output)
    fleet.make_results(job, tasks)
    fleet.taken = []
    fleet.work()
    return job


def cancel(service, fleet, job):
    """Ends a job whose results are no film; nothing is given out any more afterwards."""
    fleet.is_working = False
    answers = []
    call = threading.Thread(target=lambda: answers.append(service.ask(f"/api/v1/jobs/{job}", method="DELETE")))
    call.start()
    fleet.serve(60, until=lambda: not call.is_alive())
    if not answers:
        sys.exit(f"job {job} could not be cancelled")
    fleet.serve(0.5)
    fleet.forget()


def speed(table, service, fleet, film, count, tasks, rounds):
    """Adds the row of workers that are done with every task at once."""
    fleet.hold = 0
    rates, work = [], []
    for number in range(rounds):
        job = begin(service, fleet, film, f"speed_{number}.mkv", tasks)
        # The first tasks go out to all workers at once; what follows is the steady state.
        fleet.serve(120, until=lambda: len(fleet.taken) >= count)
        first, before = len(fleet.taken), service.processor_seconds()
        start = time.monotonic()
        fleet.serve(60, until=lambda: len(fleet.taken) >= tasks - count)
        done = len(fleet.taken) - first
        rates.append(done / (time.monotonic() - start))
        work.append((service.processor_seconds() - before) / max(done, 1) * 1e6)
        cancel(service, fleet, job)
    table.note(f"tasks a second in each round: {', '.join(f'{rate:.0f}' for rate in rates)}")
    table.note(f"the coordinator's processor time for a task: {statistics.median(work):.0f} us")
    table.least(f"{count} workers: durable tasks a second", 5_000, statistics.median(rates))


def waits(table, service, fleet, film, count, tasks):
    """Adds the row of a free worker's wait for its next task."""
    fleet.hold = count / RATE
    job = begin(service, fleet, film, "waits.mkv", tasks)
    fleet.serve(120, until=lambda: len(fleet.taken) >= count)
    fleet.waits = []
    fleet.serve(60, until=lambda: len(fleet.taken) >= tasks - 2 * count)
    taken = sorted(fleet.waits)
    cancel(service, fleet, job)
    late = taken[int(len(taken) * 0.99)] * 1e3 if len(taken) > 100 else None
    middle = statistics.median(taken) * 1e3 if taken else 0
    table.note(f"{len(taken)} waits from the end of a task to the next at {RATE} a second, median {middle:.1f} ms")
    table.most(f"{count} workers: wait for the next task, p99", 20, late, " ms")


def recorded(table, service, fleet, count):
    """Ends the coordinator as a crash would, and counts what its records hold of what it had said was taken."""
    service.kill()
    fleet.drop()
    with sqlite3.connect(os.path.join(service.directory, "state.sqlite")) as records:
        kept = records.execute("SELECT count(*) FROM artifacts").fetchone()[0]
    table.least(f"{count} workers: results that outlive a crash, of those said to be taken", 1, kept / fleet.total)


def encrypted(table, martlet, directory, root, count):
    """Adds the rows of very many connections with TLS."""
    os.makedirs(directory, exist_ok=True)
    certificate, key = os.path.join(directory, "certificate.pem"), os.path.join(directory, "key.pem")
    measuring.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        + ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-out", certificate, "-keyout", key]
    )
    tls = ssl.create_default_context(cafile=certificate)
    with Service(martlet, directory, root, "--tls-certificate", certificate, "--tls-key", key) as service:
        before = service.descriptors()
        fleet = Fleet(service, count, tls)
        fleet.serve(12)
        table.most(f"{count} encrypted workers: slowest to be let in", 1, fleet.slowest_opening, " s")
        table.most(f"{count} encrypted workers: that got no answer", 0, fleet.unanswered)
        table.most(f"{count} encrypted workers: memory at most", 120, service.memory("VmHWM"), " MB")
        taken = fleet.close()
        table.most(f"{count} encrypted workers: all closed at once", 2, taken, " s")
        end = time.monotonic() + 10
        while service.descriptors() > before and time.monotonic() < end:
            time.sleep(0.05)
        table.most(f"{count} encrypted workers: descriptors left over", 0, service.descriptors() - before)
