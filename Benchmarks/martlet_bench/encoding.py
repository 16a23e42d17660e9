# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Martlet authors

"""Martlet against one plain ffmpeg process: time, processor, bytes and looks."""

import json
import os
import statistics

from . import measuring, quality

# Frames between key frames on both sides: libx264's and libx265's own, and what a plan asks of libsvtav1,
# which by itself would take a key frame every five seconds.
KEYFRAME_DISTANCE = "250"

# By encoder: its preset, its CRF, and the goal for the wall time.
ENCODERS = {
    "libx264": ("medium", "23", 0.92),
    "libsvtav1": ("8", "35", 0.88),
    "libx265": ("medium", "28", 1.0),
}
PROCESSOR_GOAL = 0.95


def measure(table, martlet, scratch, films, encoders, runs, judge):
    """Adds the rows of every encoder: sums and medians over the films, worst film for looks."""
    for encoder in encoders:
        preset, crf, wall_goal = ENCODERS[encoder]
        results = [one(table, martlet, scratch, film, encoder, preset, crf, runs, judge) for film in films]
        table.most(f"{encoder} wall, all films together", wall_goal, together(results, "seconds"), " x")
        table.most(f"{encoder} wall, median film", wall_goal, median(results, "wall"), " x")
        table.most(f"{encoder} processor, all films together", PROCESSOR_GOAL, together(results, "work"), " x")
        table.most(f"{encoder} processor, median film", PROCESSOR_GOAL, median(results, "processor"), " x")
        table.within(f"{encoder} bytes against plain", 1.0, median(results, "bytes"), " %")
        table.least_of_either(
            f"{encoder} against plain, worst film",
            ("VMAF", -0.1, least(results, "vmaf")),
            ("SSIM", -0.0005, least(results, "ssim")),
        )
        table.least(f"{encoder} worst seam, VMAF of 24 frames", -1.5, least(results, "seam"))


def one(table, martlet, scratch, film, encoder, preset, crf, runs, judge):
    """The figures of one film."""
    plain_path = os.path.join(scratch, "plain.mkv")
    ours_path = os.path.join(scratch, "ours.mkv")
    plain = (
        ["ffmpeg", "-nostdin", "-v", "error", "-y", "-i", film, "-map", "0:V:0", "-map", "0:a?"]
        + ["-c:a", "copy", "-c:v", encoder, "-preset", preset, "-crf", crf, "-g", KEYFRAME_DISTANCE, plain_path]
    )
    ours = (
        [martlet, "transcode", film, ours_path, "--overwrite", "--audio-codec", "copy", "-q"]
        + ["--codec", encoder, "--preset", preset, "--crf", crf]
    )
    sides = {"plain": lambda: measuring.run(plain), "ours": lambda: measuring.run(ours)}
    costs = measuring.take_turns(runs, sides)
    result = {
        "wall": measuring.median_ratio(costs, "ours", "plain", "wall"),
        "processor": measuring.median_ratio(costs, "ours", "plain", "processor"),
        "bytes": (quality.picture_bytes(ours_path) / quality.picture_bytes(plain_path) - 1) * 100,
        "ssim": quality.ssim(ours_path, film) - quality.ssim(plain_path, film),
    }
    if judge:
        theirs = quality.vmaf(judge, plain_path, film, scratch)
        mine = quality.vmaf(judge, ours_path, film, scratch)
        result["vmaf"] = statistics.fmean(mine) - statistics.fmean(theirs)
        result["seam"] = worst_seam(seams(martlet, film, encoder), mine, theirs)
    shown = "  ".join(f"{name} {value:+.4f}" for name, value in result.items() if value is not None)
    for name, part in (("seconds", "wall"), ("work", "processor")):
        result[name] = {side: statistics.median(getattr(cost, part) for cost in taken) for side, taken in costs.items()}
    table.note(f"{encoder} {os.path.basename(film)}: plain {result['seconds']['plain']:.1f} s  {shown}")
    return result


def seams(martlet, film, encoder):
    """The numbers of the first frames of all segments but the first."""
    command = [martlet, "plan", film, "--json", "--container", "mkv", "--codec", encoder]
    plan = json.loads(measuring.output(command).splitlines()[-1])
    return [segment["first_frame"] for segment in plan["segments"][1:]]


def worst_seam(firsts, mine, theirs):
    """The largest loss over 12 frames each side of a seam; None without a seam."""
    losses = []
    for first in firsts:
        around = slice(max(0, first - 12), first + 12)
        losses.append(statistics.fmean(mine[around]) - statistics.fmean(theirs[around]))
    return min(losses, default=None)


def median(results, name):
    """The median of one figure over the films."""
    values = [result[name] for result in results if result.get(name) is not None]
    return statistics.median(values) if values else None


def together(results, name):
    """What all films took with Martlet, over what they took without."""
    plain = sum(result[name]["plain"] for result in results)
    return sum(result[name]["ours"] for result in results) / plain if plain else None


def least(results, name):
    """The least of one figure over the films."""
    return min((result[name] for result in results if result.get(name) is not None), default=None)
