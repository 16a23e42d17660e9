// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import { timeText } from "./memory.js";
import { readCues } from "./playlists.js";

/** The small picture above the bar: what is shown at a time, cut out of a sheet of many. */
export class Preview {
  /** Takes the address of the WebVTT text that says where each picture is, if there is one. */
  constructor(element, address, chapters = []) {
    this.element = element;
    this.address = address;
    this.chapters = chapters;
    this.cues = null;
  }

  async load() {
    this.cues = [];
    if (!this.address) return;
    try {
      const answer = await fetch(this.address);
      if (!answer.ok) return;
      this.cues = readCues(await answer.text()).flatMap(({ start, end, text }) => {
        const place = text.match(/^(.*)#xywh=(\d+),(\d+),(\d+),(\d+)$/);
        if (!place) return [];
        const [x, y, width, height] = place.slice(2).map(Number);
        return [{ start, end, url: new URL(place[1], answer.url).href, x, y, width, height }];
      });
    } catch { }
  }

  /** Shows the picture of a time above a place of the bar. */
  show(time, bar) {
    this.wanted = time;
    if (!this.cues) this.load().then(() => { if (!this.element.hidden) this.show(this.wanted, bar); });
    const cue = this.cues?.findLast(({ start }) => start <= time);
    const [picture, label] = this.element.children;
    picture.hidden = !cue;
    if (cue) {
      Object.assign(picture.style, {
        width: `${cue.width}px`, height: `${cue.height}px`,
        background: `#000 url("${cue.url}") -${cue.x}px -${cue.y}px no-repeat`,
      });
    }
    const chapter = this.chapters.findLast?.(({ start_s: start }) => start <= time);
    label.textContent = chapter?.title ? `${timeText(time)} · ${chapter.title}` : timeText(time);
    this.element.hidden = false;
    const width = this.element.offsetWidth;
    const room = bar.clientWidth;
    const place = Number(bar.max) ? time / Number(bar.max) * room : 0;
    this.element.style.left = `${Math.min(Math.max(place - width / 2, 0), Math.max(room - width, 0))}px`;
  }

  hide() { this.element.hidden = true; }
}
