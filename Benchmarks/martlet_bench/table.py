# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The Martlet authors

"""The table of goals and figures."""

import os
import subprocess


class Table:
    """Rows of goal and figure; each is shown as soon as it is known, and all again at the end."""

    def __init__(self):
        self.rows = []
        self.missed = 0

    def heading(self, martlet):
        """Says on what the figures were taken."""
        model = ""
        with open("/proc/cpuinfo", encoding="utf-8") as facts:
            for line in facts:
                if line.startswith("model name"):
                    model = line.split(":", 1)[1].strip()
                    break
        ffmpeg = subprocess.run(["ffmpeg", "-version"], capture_output=True, text=True, check=True).stdout
        version = subprocess.run([martlet, "--version"], capture_output=True, text=True, check=False).stdout.strip()
        self.note(f"machine: {os.cpu_count()} processors, {model}; load {os.getloadavg()[0]:.1f} before")
        self.note(f"{ffmpeg.splitlines()[0]}; {version.splitlines()[0] if version else martlet}")

    @staticmethod
    def note(text):
        """Prints a remark."""
        print(f"  {text}", flush=True)

    def add(self, subject, goal, figure, good, unit=""):
        """Adds a row.

        `goal` is text, `figure` a number or None when it could not be measured, `good` whether the goal is met.
        """
        shown = "not measured" if figure is None else f"{figure:.4f}{unit}"
        verdict = "-" if figure is None else "met" if good else "MISSED"
        if figure is not None and not good:
            self.missed += 1
        self.rows.append((subject, goal, shown, verdict))
        self.note(f"{subject}: {shown} (goal {goal}) {verdict}")

    def most(self, subject, limit, figure, unit=""):
        """Adds a figure that must not be above `limit`."""
        self.add(subject, f"<= {limit}{unit}", figure, figure is not None and figure <= limit, unit)

    def least(self, subject, limit, figure, unit=""):
        """Adds a figure that must not be below `limit`."""
        self.add(subject, f">= {limit}{unit}", figure, figure is not None and figure >= limit, unit)

    def within(self, subject, limit, figure, unit=""):
        """Adds a figure that must not be further than `limit` from 0."""
        self.add(subject, f"+-{limit}{unit}", figure, figure is not None and abs(figure) <= limit, unit)

    def least_of_either(self, subject, first, second):
        """Adds two figures of which one must not be below its limit; each is (name, limit, figure or None)."""
        known = [(name, limit, figure) for name, limit, figure in (first, second) if figure is not None]
        good = any(figure >= limit for _, limit, figure in known)
        for name, limit, figure in first, second:
            self.add(f"{subject}, {name}", f">= {limit}, or the other", figure, good)
        if len(known) == 2 and not good:
            self.missed -= 1

    def print(self):
        """Prints everything, in columns."""
        rows = [("what", "goal", "figure", "")] + self.rows
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        print()
        for number, row in enumerate(rows):
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
            if number == 0:
                print("  ".join("-" * width for width in widths))
        print(f"\n{len(self.rows)} figures, {self.missed} goals missed", flush=True)
