#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Martlet authors
"""A worker of the plain protocol: makes one stream at a time, and serves it meanwhile.

COORDINATOR=http://192.168.1.10:8090 TOKEN=... NAME=attic-pc ADDRESS=192.168.1.20 PORT=8080 ./worker.py
"""
import http.client, http.server, json, os, re, subprocess, tempfile, threading, urllib.error, urllib.parse, urllib.request

COORDINATOR = os.environ.get("COORDINATOR", "http://127.0.0.1:8090")
HEADERS = {"Authorization": "Bearer " + os.environ["TOKEN"]} if "TOKEN" in os.environ else {}
NAME, ADDRESS = os.environ.get("NAME", "example"), os.environ.get("ADDRESS", "127.0.0.1")
STREAMS = tempfile.TemporaryDirectory()
running = {}  # the one job, and its ffmpeg


def ask(method, path, message=None):
    body = None if message is None else json.dumps(message).encode()
    request = urllib.request.Request(
        COORDINATOR + path, body, {**HEADERS, "Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        answer.read()
        return answer.headers


def insist(method, path, message=None):
    """Asks until there is an answer; whether the coordinator agrees, and the header of its answer."""
    for pause in range(1, 100):
        try:
            return True, ask(method, path, message)
        except urllib.error.HTTPError as refusal:
            if refusal.code < 500 and refusal.code != 429:
                return False, refusal.headers
            trouble = refusal
        except (OSError, http.client.HTTPException) as error:  # it is away, or slow, or goes while it answers
            trouble = error
        print(method, path, "is tried again:", trouble, flush=True)
        if stop.wait(min(pause, 5)):
            break
    return False, {}


def beat():
    while True:
        status = {"worker_id": NAME, "ip_address": ADDRESS, "port": server.server_port, "os": os.uname().sysname.lower(),
                  "hw_accel": [], "status": "processing" if running else "idle"}
        try:
            ask("POST", "/api/v1/workers/heartbeat", status)
        except (OSError, http.client.HTTPException) as error:  # whatever it is, the next beat may get through
            print("The coordinator does not take the heartbeat:", error, flush=True)
        if stop.wait(5):
            return


def stream(order):
    job, start = order["job_id"], order.get("start_time", 0)
    place = "/api/v1/jobs/" + urllib.parse.quote(job, safe="")
    status = {"job_id": job, "worker_id": NAME, "state": "processing", "progress": 0,
              "stream_url": f"http://{ADDRESS}:{server.server_port}/{job}/index.m3u8"}
    height = re.fullmatch(r"(\d+)p", order.get("resolution") or "")
    size = ["-vf", f"scale=-2:{height[1]}"] if height else []
    rate = ["-b:v", order["bitrate"]] if order.get("bitrate") else []
    headers = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())
    try:
        _, source = insist("HEAD", place + "/source")
        length = float(source.get("X-Content-Duration") or 0) - start
        running[job] = subprocess.Popen(
            ["ffmpeg", "-nostdin", "-v", "error", "-progress", "pipe:1", "-headers", headers, "-ss", str(start),
             "-reconnect", "1", "-i", COORDINATOR + place + "/source", "-map", "0:V:0", "-map", "0:a:0?", *size, *rate,
             "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-c:a", "aac", "-f", "hls",
             "-hls_time", "6", "-hls_playlist_type", "event", f"{STREAMS.name}/{job}/index.m3u8"],
            stdout=subprocess.PIPE, text=True)
        for line in running[job].stdout:
            key, _, value = line.strip().partition("=")
            if key == "out_time_us" and length > 0 and value.isdigit():
                status["progress"] = min(99.9, int(value) / 1e4 / length)
            elif key == "progress" and not insist("POST", place + "/status", status)[0]:
                running[job].kill()  # somebody else has it by now, or nobody wants it
        ending = running[job].wait()
        status.update({"state": "failed", "error": f"ffmpeg ended with {ending}"} if ending else {"state": "completed"})
    except (OSError, ValueError) as error:
        status.update(state="failed", error=str(error))
    if status["state"] != "completed":
        print("The stream of", job, "failed:", status["error"], flush=True)
    running.pop(job, None)
    insist("POST", place + "/status", status)


class Port(http.server.SimpleHTTPRequestHandler):
    def __init__(self, *arguments):
        super().__init__(*arguments, directory=STREAMS.name)

    def answer(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self):
        order = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path != "/jobs" or running or not re.fullmatch(r"[\w-]+", order["job_id"]):
            return self.answer(409)
        running[order["job_id"]] = None
        os.makedirs(f"{STREAMS.name}/{order['job_id']}", exist_ok=True)
        threading.Thread(target=stream, args=(order,)).start()
        self.answer(202)

    def do_DELETE(self):
        ffmpeg = running.get(self.path.removeprefix("/jobs/"))
        if ffmpeg:
            ffmpeg.kill()
        self.answer(204 if ffmpeg else 404)


server = http.server.ThreadingHTTPServer((ADDRESS, int(os.environ.get("PORT", "8080"))), Port)
stop = threading.Event()
threading.Thread(target=beat, daemon=True).start()
try:
    server.serve_forever()
except KeyboardInterrupt:
    stop.set()
    for ffmpeg in filter(None, list(running.values())):
        ffmpeg.kill()
