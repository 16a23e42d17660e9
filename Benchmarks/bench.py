#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Martlet authors

"""Measures Martlet against plain ffmpeg, side by side in one run.

Prints one table of goals and figures. Times on a shared machine mean little by
themselves, so every figure is a ratio of runs that took turns.
"""

import argparse
import os
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from martlet_bench import (  # noqa: E402
    encoding,
    films,
    long_film,
    many_workers,
    one_worker,
    quality,
    rate,
    spreading,
    streams,
    transfers,
)
from martlet_bench.table import Table  # noqa: E402


SECTIONS = {
    "encode": "time, bytes and looks against plain ffmpeg",
    "rate": "how well a bit rate is reached",
    "long": "a film of two hours: scan, join and memory",
    "spread": "the scheduler in virtual time",
    "workers": "a coordinator with 1,000 workers, and 2,000 with TLS",
    "single": "one worker behind a coordinator against transcode",
    "transfer": "down- and uploads against nginx",
    "stream": "films that are encoded while they are watched",
}


def only_help():
    """What `--only` says of itself."""
    parts = "; ".join(f"{name}: {meaning}" for name, meaning in SECTIONS.items())
    return f"measure only this; repeatable ({parts})"


def options():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--martlet", default=os.path.join(here, "../.build/release/martlet"), help="the program")
    parser.add_argument(
        "--media",
        default=os.environ.get("MARTLET_MEDIA", os.path.join(here, "../../shared/media")),
        help="a directory with films of 30 to 180 s; without it only generated films are measured",
    )
    parser.add_argument("--runs", type=int, default=3, help="runs of each side, taking turns (3)")
    parser.add_argument("--quick", action="store_true", help="one short film, one run: shows that it runs, no more")
    parser.add_argument("--only", action="append", choices=list(SECTIONS), help=only_help())
    parser.add_argument(
        "--encoder", action="append", choices=sorted(encoding.ENCODERS), help="measure only this encoder; repeatable"
    )
    parser.add_argument("--film", action="append", help="encode only films with this in their name; repeatable")
    parser.add_argument("--scratch", help="where films and results go; kept afterwards (a temporary directory)")
    parser.add_argument("--strict", action="store_true", help="exit with 1 when a goal is missed")
    return parser.parse_args()


def main():
    wanted = options()
    martlet = os.path.realpath(wanted.martlet)
    if not os.access(martlet, os.X_OK):
        sys.exit(f"There is no program at {martlet}.\nBuild it with `swift build -c release`, or add --martlet.")
    sections = wanted.only or list(SECTIONS)
    table = Table()
    table.heading(martlet)
    with tempfile.TemporaryDirectory(prefix="martlet-bench-") as temporary:
        scratch = wanted.scratch or temporary
        os.makedirs(scratch, exist_ok=True)
        judge = None if wanted.quick else quality.find_vmaf(table)
        if "encode" in sections:
            chosen = films.quick(scratch) if wanted.quick else films.usual(wanted.media, scratch, table)
            if wanted.film:
                chosen = [path for path in chosen if any(part in path for part in wanted.film)]
            encoders = wanted.encoder or (["libx264"] if wanted.quick else list(encoding.ENCODERS))
            encoding.measure(table, martlet, scratch, chosen, encoders, 1 if wanted.quick else wanted.runs, judge)
        if "rate" in sections:
            rate.measure(table, martlet, scratch, wanted.quick)
        if "long" in sections:
            long_film.measure(table, martlet, scratch, wanted.quick, 1 if wanted.quick else wanted.runs)
        if "spread" in sections:
            spreading.measure(table, martlet, wanted.quick)
        if "workers" in sections:
            many_workers.measure(table, martlet, scratch, wanted.quick)
        if "single" in sections:
            one_worker.measure(table, martlet, scratch, wanted.quick, 1 if wanted.quick else wanted.runs)
        if "transfer" in sections:
            transfers.measure(table, martlet, wanted.quick, 1 if wanted.quick else wanted.runs)
        if "stream" in sections:
            streams.measure(table, martlet, scratch, wanted.quick, 1 if wanted.quick else wanted.runs)
    table.print()
    if wanted.strict and table.missed:
        sys.exit(1)


if __name__ == "__main__":
    main()
