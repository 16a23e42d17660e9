# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Martlet authors

"""How good films look, and how large their pictures are."""

import json
import os
import re
import subprocess
import venv

from . import measuring

ALIGNED = "[0:V:0]setpts=N/25/TB[a];[1:V:0]setpts=N/25/TB[b];[a][b]"


def find_vmaf(table):
    """An ffmpeg that measures VMAF, or None: the installed one, else that of PyPI's imageio-ffmpeg."""
    if has_vmaf("ffmpeg"):
        return "ffmpeg"
    place = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../.build/bench-venv")
    python = os.path.join(place, "bin/python")
    try:
        if not os.path.exists(python):
            venv.create(place, with_pip=True)
        question = [python, "-c", "import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())"]
        if subprocess.run(question, capture_output=True, check=False).returncode != 0:
            subprocess.run([python, "-m", "pip", "install", "-q", "imageio-ffmpeg"], capture_output=True, check=True)
        path = measuring.output(question).strip()
    except (OSError, subprocess.CalledProcessError):
        path = None
    if path and has_vmaf(path):
        table.note(f"VMAF by {path}")
        return path
    table.note("VMAF is not measured: this ffmpeg has no libvmaf, and imageio-ffmpeg cannot be installed from PyPI")
    return None


def has_vmaf(ffmpeg):
    """Whether an ffmpeg has the filter."""
    listing = subprocess.run([ffmpeg, "-hide_banner", "-filters"], capture_output=True, text=True, check=False)
    return " libvmaf " in listing.stdout


def ssim(path, source):
    """The SSIM of a film against its source, frame by frame."""
    done = subprocess.run(
        ["ffmpeg", "-nostdin", "-hide_banner", "-noautorotate", "-i", path, "-noautorotate", "-i", source]
        + ["-lavfi", ALIGNED + "ssim", "-f", "null", "-"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    return float(re.findall(r"SSIM .*All:([0-9.]+)", done.stderr)[-1])


def vmaf(ffmpeg, path, source, scratch):
    """The VMAF of each frame of a film against its source."""
    log = os.path.join(scratch, "vmaf.json")
    measuring.run(
        [ffmpeg, "-nostdin", "-v", "error", "-noautorotate", "-i", path, "-noautorotate", "-i", source]
        + ["-lavfi", ALIGNED + f"libvmaf=log_fmt=json:log_path={log}:n_threads=2", "-f", "null", "-"]
    )
    with open(log, encoding="utf-8") as result:
        return [frame["metrics"]["vmaf"] for frame in json.load(result)["frames"]]


def picture_bytes(path):
    """The bytes of all packets of the picture."""
    listing = measuring.output(
        ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "packet=size", "-of", "csv=p=0", path]
    )
    return sum(int(line.strip().rstrip(",")) for line in listing.splitlines() if line.strip())
