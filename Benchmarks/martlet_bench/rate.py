# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Martlet authors

"""How well a bit rate is reached."""

import os

from . import films, measuring, quality


def measure(table, martlet, scratch, is_quick):
    """Adds the rows: how far the picture's rate is from the one asked for."""
    seconds = 30 if is_quick else 600
    film = films.draw(os.path.join(scratch, f"drawn_{seconds}s.mp4"), seconds, "160x90" if is_quick else "480x270")
    for encoder in ["libx264"] if is_quick else ["libx264", "libsvtav1"]:
        asked = 200_000 if is_quick else 900_000
        result = os.path.join(scratch, "rate.mkv")
        preset = {"libx264": "veryfast", "libsvtav1": "10"}[encoder]
        measuring.run(
            [martlet, "transcode", film, result, "--overwrite", "-q", "--codec", encoder, "--preset", preset]
            + ["--bitrate", str(asked)]
        )
        made = quality.picture_bytes(result) * 8 / seconds
        table.within(f"{encoder} bit rate of {seconds} s against the one asked for", 1.0, (made / asked - 1) * 100, " %")
