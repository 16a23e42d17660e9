# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Martlet authors

"""Files to and from a coordinator, against nginx."""

import os
import socket
import subprocess

from . import films, measuring
from .fleet import Fleet
from .many_workers import submit
from .serving import Program, Service, wait_until

GOAL = 0.8


def measure(table, martlet, is_quick, runs):
    """Adds the rows: bytes a second of down- and upload, over those of nginx.

    All files lie in memory, so that no disk is measured.
    """
    if not any(os.access(os.path.join(place, "nginx"), os.X_OK) for place in places()):
        table.note("there is no nginx: downloads and uploads are not measured")
        return
    directory = f"/dev/shm/martlet-bench-{os.getpid()}"
    root = os.path.join(directory, "films")
    os.makedirs(root)
    try:
        film = films.bulk(os.path.join(root, "bulk.mkv"), 2 if is_quick else 100)
        with Service(martlet, os.path.join(directory, "state"), root) as service, Nginx(directory) as nginx:
            compare(table, service, nginx, film, runs)
    finally:
        measuring.run(["rm", "-rf", directory])


def compare(table, service, nginx, film, runs):
    """Measures both."""
    fleet = Fleet(service, 1)
    fleet.is_working = False
    job = submit(service, film, "out.mkv")
    fleet.serve(60, until=lambda: any(worker.leases for worker in fleet.workers))
    url = f"{service.url}/api/v1/jobs/{job}/source"
    numbers = iter(range(10 * runs))
    sides = {"ours": lambda: fetch(url), "theirs": lambda: fetch(f"{nginx.url}/films/bulk.mkv")}
    rate(table, "download", sides, film, runs)
    sides = {
        "ours": lambda: send(film, f"{service.url}/api/v1/sources?overwrite=true&name=bulk.mkv", "POST"),
        "theirs": lambda: send(film, f"{nginx.url}/films/sent-{next(numbers) % 2}.mkv", "PUT"),
    }
    rate(table, "upload", sides, film, runs)
    fleet.drop()


def rate(table, name, sides, film, runs):
    """Adds a row."""
    for side in sides.values():
        side()
    costs = measuring.take_turns(2 * runs, sides)
    size = os.path.getsize(film) / 1e9
    best = {side: size / min(cost.wall for cost in taken) for side, taken in costs.items()}
    table.note(f"{name}, best of {2 * runs}: {best['ours']:.2f} GB/s, nginx {best['theirs']:.2f} GB/s")
    table.least(f"{name} in bytes a second, over nginx", GOAL, measuring.median_ratio(costs, "theirs", "ours", "wall"))


def fetch(url):
    """Downloads into nothing."""
    return measuring.run(["curl", "-sS", "--fail", "-o", "/dev/null", url])


def send(path, url, method):
    """Uploads a file."""
    kind = "Content-Type: application/octet-stream"
    return measuring.run(["curl", "-sS", "--fail", "-o", "/dev/null", "-X", method, "-H", kind, "-T", path, url])


class Nginx(Program):
    """An nginx of one process, with the settings that its manual has for large files."""

    def __init__(self, directory):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        place = os.path.join(directory, "nginx")
        os.makedirs(place)
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        paths = "".join(f"{kind}_temp_path {place}/{kind};\n" for kind in kinds)
        configuration = os.path.join(place, "conf")
        with open(configuration, "w", encoding="utf-8") as text:
            text.write(
                f"daemon off; master_process off; pid {place}/pid; error_log {place}/errors;\n"
                "events { worker_connections 64; }\n"
                f"http {{ access_log off; sendfile on; {paths}"
                f"server {{ listen 127.0.0.1:{port}; client_max_body_size 0; root {directory};\n"
                "location / { dav_methods PUT; } } }\n"
            )
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            ["nginx", "-p", place, "-c", configuration, "-e", os.path.join(place, "errors")],
            env={**os.environ, "PATH": os.pathsep.join(places())},
        )
        try:
            wait_until(lambda: listens(port), "nginx does not listen")
        except SystemExit:
            self.kill()
            raise


def listens(port):
    """Whether something on this machine takes connections there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def places():
    """Where programs are."""
    return os.environ.get("PATH", "").split(os.pathsep) + ["/usr/sbin"]
