# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Martlet authors

"""A film of two hours: scan, join, memory, and how soon the work begins."""

import glob
import os
import statistics
import time

from . import films, measuring

REPEATS = 12


def measure(table, martlet, scratch, is_quick, runs):
    """Adds the rows of scan, join, memory and start."""
    times = 2 if is_quick else REPEATS
    part = films.draw(os.path.join(scratch, "part.mp4"), 20 if is_quick else 600, "160x90")
    length = "two hours" if not is_quick else "the short film"
    for suffix in ["mp4"] if is_quick else ["mp4", "mkv", "ts"]:
        film = films.repeated(part, times, os.path.join(scratch, f"long.{suffix}"))
        scan(table, martlet, film, runs, f"scan of {length} ({suffix}) against ffprobe -show_packets")
    join(table, martlet, scratch, os.path.join(scratch, "long.mp4"), length, is_quick, runs)


def scan(table, martlet, film, runs, subject):
    """Adds the row of the scan. A new time stamp makes a remembered scan worthless."""

    def ours():
        moment = time.time()
        os.utime(film, (moment, moment))
        return measuring.run([martlet, "probe", film, "--json"])

    measuring.keep_in_memory(film)

    def theirs():
        return measuring.run(["ffprobe", "-v", "error", "-show_packets", "-of", "compact", film])

    costs = measuring.take_turns(runs, {"ours": ours, "theirs": theirs})
    table.most(subject, 0.35, measuring.median_ratio(costs, "ours", "theirs", "wall"), " x")


def join(table, martlet, scratch, film, length, is_quick, runs):
    """Adds the rows of join, memory and start, all from whole runs with a fast encoder."""
    work = os.path.join(scratch, "work")
    result = os.path.join(scratch, "long_out.mp4")
    command = (
        [martlet, "transcode", film, result, "--overwrite", "--json", "--keep-work", "--work-directory", work]
        + ["--preset", "ultrafast", "--audio-codec", "copy"]
    )
    first = measuring.Watched(command)
    table.most(f"Martlet's own memory for {length} (mp4 to mp4)", 60, first.peak_kilobytes / 1024, " MiB")
    if not is_quick:
        other = measuring.Watched([part if part != result else result.replace(".mp4", ".mkv") for part in command])
        table.most(f"Martlet's own memory for {length} (mp4 to mkv)", 60, other.peak_kilobytes / 1024, " MiB")

    # What is left to do when every segment is there is the join and its proof.
    listing = os.path.join(scratch, "parts.txt")
    with open(listing, "w", encoding="utf-8") as text:
        text.writelines(f"file '{path}'\n" for path in segments(work))
    concat = (
        ["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "concat", "-safe", "0", "-i", listing, "-i", film]
        + ["-map", "0:v", "-map", "1:a?", "-c", "copy", "-movflags", "+faststart"]
        + [os.path.join(scratch, "concat.mp4")]
    )
    ratios = []
    for _ in range(runs):
        ours = seconds_of_join(measuring.Watched(command))
        theirs = measuring.run(concat).wall
        if ours is not None:
            ratios.append(ours / theirs)
    table.most(f"join of {length} against ffmpeg -f concat", 1.2, statistics.median(ratios) if ratios else None, " x")

    fresh = [
        measuring.Watched(
            [martlet, "transcode", film, result, "--overwrite", "--json", "--preset", "ultrafast", "--crf", str(30 + n)],
            until_encoder=True,
        ).first_encoder_seconds
        for n in range(min(runs, 2))
    ]
    begun = [seconds for seconds in fresh if seconds is not None]
    table.most("start to first encoder, source scanned", 0.3, statistics.median(begun) if begun else None, " s")


def seconds_of_join(run):
    """How long the join and its proof took; None when they were not seen."""
    return run.between(
        lambda event: event.get("event") == "jobStateChanged" and event.get("state") == "combining",
        lambda event: event.get("event") in ("jobCompleted", "completed"),
    )


def segments(work):
    """The segments that a kept work directory holds, in order."""
    found = glob.glob(os.path.join(work, "**", "video-*.*"), recursive=True)
    return sorted(path for path in found if os.path.isfile(path) and not path.endswith((".log", ".mbtree", ".json")))
