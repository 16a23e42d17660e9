// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/** The speed that is hoped for before anything was measured, in bits a second. */
const HOPE = 4_000_000;
const MEMORY = "martlet.speed";

/**
 * Chooses the quality that line and server can keep up with.
 *
 * A segment may take long because the line is slow or because it is encoded only now. Both are measured as one: how
 * long a second of the film takes, times the bits that its quality may have.
 */
export class Chooser {
  /** Takes the levels, from the cheapest up. */
  constructor(levels) {
    this.levels = levels;
    this.current = 0;
    const known = Number(sessionStorage.getItem(MEMORY));
    this.quick = known || HOPE;
    this.slow = known || HOPE;
  }

  /** The expected speed in bits a second. */
  get speed() { return Math.min(this.quick, this.slow); }

  /** Takes note of a segment of the current level. */
  measured(seconds, duration) {
    const speed = this.levels[this.current].bandwidth * duration / Math.max(seconds, 0.01);
    this.quick += (speed - this.quick) * 0.5;
    this.slow += (speed - this.slow) * 0.2;
    this.isLate = seconds > duration;
    sessionStorage.setItem(MEMORY, String(Math.round(this.speed)));
  }

  /** Chooses for the next segment, with so many seconds in hand, for a picture of so many lines on the screen. */
  choose(number, ahead, lines) {
    const isEnough = this.levels.findIndex((level) => level.height >= lines * 0.9);
    const most = isEnough < 0 || lines === 0 ? this.levels.length - 1 : isEnough;
    let best = 0;
    while (best < most && this.levels[best + 1].bandwidth <= this.speed * 0.8) best += 1;
    const isBeginning = number < 3;
    if (best > this.current && ahead < 4 && !isBeginning) best = this.current;
    if (best >= this.current && this.isLate && ahead < 3) best = Math.max(this.current - 1, 0);
    this.current = best;
  }
}
