# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Martlet authors

"""The films that are measured."""

import os

from . import measuring

CORPUS = [
    "bbb_480p24_h264_aac51_30s.mp4",
    "bbb_720p24_vp8_vorbis_30s.webm",
    "bbb_trailer_720p24_h264_mp3_55s.mp4",
    "bottles_360p_h264_natural_40s.mp4",
    "cars_432p12.5_h264base_natural_30s.mp4",
    "timecode_burnin_720p30_h264_42s.mp4",
]


def draw(path, seconds, size="480x270", rate=25):
    """Draws a film with noise, movement and a cut every six seconds, unless it is there."""
    if os.path.exists(path):
        return path
    picture = (
        f"testsrc2=size={size}:rate={rate}:duration={seconds},"
        "noise=alls=14:allf=t:all_seed=7,negate=enable='mod(floor(t/6),2)',hue=h='20*floor(t/6)'"
    )
    part = path + ".part.mkv"
    measuring.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", picture, "-f", "lavfi", "-i"]
        + [f"sine=frequency=440:beep_factor=4:sample_rate=48000:duration={seconds}", "-c:v", "libx264"]
        + ["-preset", "veryfast", "-crf", "20", "-g", "250", "-c:a", "aac", "-b:a", "96k", part]
    )
    measuring.run(["ffmpeg", "-nostdin", "-v", "error", "-y", "-i", part, "-map", "0", "-c", "copy", path])
    os.remove(part)
    return path


def quick(scratch):
    """One film of half a minute."""
    return [draw(os.path.join(scratch, "drawn_30s.mp4"), 30, size="160x90")]


def usual(media, scratch, table):
    """The films of the corpus, and ten drawn minutes."""
    found = [os.path.join(media, name) for name in CORPUS if os.path.exists(os.path.join(media, name))]
    if not found:
        table.note(f"there are no films in {media}: only a drawn one is measured")
    return found + [draw(os.path.join(scratch, "drawn_600s.mp4"), 600)]


def repeated(film, times, path):
    """A film played so many times, without encoding anything."""
    if not os.path.exists(path):
        measuring.run(
            ["ffmpeg", "-nostdin", "-v", "error", "-y", "-stream_loop", str(times - 1), "-i", film]
            + ["-map", "0", "-c", "copy", path]
        )
    return path


def frames(path, count):
    """A tiny film of so many frames at two a second, each a key frame."""
    if not os.path.exists(path):
        picture = f"color=size=16x16:rate=2:duration={count / 2}"
        measuring.run(
            ["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", picture, "-c:v", "mjpeg", path + ".part.mkv"]
        )
        os.rename(path + ".part.mkv", path)
    return path


def bulk(path, frames_of_six_megabytes):
    """A film of a few large frames: bytes to carry."""
    if not os.path.exists(path):
        picture = f"testsrc2=size=2560x1600:rate=2:duration={frames_of_six_megabytes / 2}"
        measuring.run(
            ["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", picture, "-pix_fmt", "yuv420p"]
            + ["-c:v", "rawvideo", path]
        )
    return path
