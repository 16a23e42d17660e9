// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import { firstTime, readMedia, ticksPerSecond } from "./playlists.js";
import { Chooser } from "./chooser.js";

/** How many seconds are fetched before they are played, and kept after it. */
const AHEAD = 30;
const BEHIND = 30;
/** How long a call that failed is left alone before it is made again, in seconds. */
const PAUSES = [0.5, 1, 2, 4, 8, 8];

export const fullType = (kind, codec) => `${kind}/mp4; codecs="${codec}"`;

const isSoundCodec = (codec) => /^(mp4a|opus|flac|ac-3|ec-3)/i.test(codec);

/** The codecs of a level's own segments: without those of sound that comes apart. */
const pictureCodecs = (level) => level.codecs.filter((codec) => !level.group || !isSoundCodec(codec)).join(",");

/** Whether this browser can be fed with a level. */
export function isPlayable(level) {
  return level.codecs.every((codec) =>
    MediaSource.isTypeSupported(fullType(isSoundCodec(codec) ? "audio" : "video", codec)));
}

/**
 * Feeds a video element with HLS through Media Source Extensions: one quality and one language at a time, which may
 * change at any segment.
 *
 * Events: `level` when another quality is fetched, `failed` (detail: a sentence) when it cannot go on.
 */
export class Engine extends EventTarget {
  /** Takes the levels and sounds of a master playlist. */
  constructor(video, master) {
    super();
    this.video = video;
    const playable = master.levels.filter(isPlayable);
    this.levels = playable.filter((level) => level.group === playable[0].group)
      .sort((one, other) => one.bandwidth - other.bandwidth);
    this.sounds = master.sounds.filter((sound) => sound.group === playable[0]?.group);
    /** The number of the wanted level; `null` leaves the choice to the engine. */
    this.wanted = null;
    this.chooser = new Chooser(this.levels);
    this.lists = new Map();
    this.feeds = [];
    /** What is added to the stream's times; known from the first picture on. */
    this.offset = null;
    this.closing = new AbortController();
  }

  /** The level that is fetched now. */
  get level() { return this.levels[this.chooser.current] ?? null; }

  /** Begins at a time, with the sound of this number. */
  async open(start, sound) {
    if (!this.levels.length) throw new Error("This browser can play none of the qualities of this film.");
    const { signal } = this.closing;
    this.source = new MediaSource();
    this.address = URL.createObjectURL(this.source);
    this.video.src = this.address;
    const first = this.levels[this.choose(0, 0)];
    const [list] = await Promise.all([
      this.list(first.url),
      new Promise((done) => this.source.addEventListener("sourceopen", done, { once: true })),
    ]);
    if (signal.aborted) return;
    const own = pictureCodecs(first) || first.codecs.join(",");
    this.picture = new Feed(this, own.split(",").every(isSoundCodec) ? "audio" : "video", own, (number, ahead) => {
      const level = this.levels[this.choose(number, ahead)];
      return { url: level.url, codec: pictureCodecs(level) || own };
    });
    this.feeds.push(this.picture);
    if (this.sounds.length) {
      const codec = first.codecs.find(isSoundCodec);
      this.sound = new Feed(this, "audio", codec, () => ({ url: this.sounds[sound].url, codec }));
      this.feeds.push(this.sound);
    }
    this.source.duration = list.duration;
    this.video.addEventListener("seeking", () => this.seek(), { signal });
    this.video.addEventListener("timeupdate", () => this.feeds.forEach((feed) => feed.wake()), { signal });
    this.video.addEventListener("waiting", () => this.jumpHole(), { signal });
    await Promise.all(this.feeds.map((feed) => feed.prepare()));
    if (signal.aborted) return;
    if (start > 0) this.video.currentTime = start;
    for (const feed of this.feeds) {
      feed.seek(start);
      feed.run();
    }
  }

  /** Takes a level for what comes from now on; `null` chooses by what the line and the server give. */
  setLevel(number) {
    this.wanted = number;
    if (number !== null) this.picture?.replaceAhead(this.video.currentTime + 1);
  }

  /** Changes the language, now. */
  setSound(number) {
    this.sound?.follow(() => ({ url: this.sounds[number].url, codec: this.sound.codec }));
  }

  /** Lets go of everything. */
  close() {
    this.closing.abort();
    for (const feed of this.feeds) feed.close();
    if (this.address) URL.revokeObjectURL(this.address);
  }

  /** The number of the level for the next segment. */
  choose(number, ahead) {
    const before = this.chooser.current;
    if (this.wanted !== null) this.chooser.current = this.wanted;
    else this.chooser.choose(number, ahead, this.video.clientHeight * (window.devicePixelRatio || 1));
    if (before !== this.chooser.current) this.dispatchEvent(new Event("level"));
    return this.chooser.current;
  }

  /** A media playlist, asked for once. */
  list(url) {
    if (!this.lists.has(url)) {
      const list = this.fetch(url, this.closing.signal).then(async (bytes) => {
        const media = readMedia(new TextDecoder().decode(bytes), url);
        if (media.init) media.init = { url: media.init, bytes: null };
        return media;
      });
      list.catch(() => this.lists.delete(url));
      this.lists.set(url, list);
    }
    return this.lists.get(url);
  }

  /** The bytes at an address; tried again for a while when there is trouble on the way. */
  async fetch(url, signal) {
    for (let turn = 0; ; turn += 1) {
      try {
        const answer = await fetch(url, { signal });
        if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
        return await answer.arrayBuffer();
      } catch (error) {
        if (signal.aborted || turn >= PAUSES.length) throw error;
        await new Promise((done) => {
          const timer = setTimeout(done, PAUSES[turn] * 1000);
          signal.addEventListener("abort", () => { clearTimeout(timer); done(); }, { once: true });
        });
        signal.throwIfAborted();
      }
    }
  }

  seek() {
    for (const feed of this.feeds) feed.seek(this.video.currentTime);
  }

  /** Steps over a hole of less than half a second, such as a track that begins late. */
  jumpHole() {
    const { buffered, currentTime } = this.video;
    for (let range = 0; range < buffered.length; range += 1) {
      const start = buffered.start(range);
      if (start > currentTime && start - currentTime < 0.5) {
        this.video.currentTime = start;
        return;
      }
    }
  }

  /** Tells the browser that nothing more comes. */
  finish() {
    if (this.source.readyState === "open" && this.feeds.every((feed) => feed.isDone)) this.source.endOfStream();
  }

  fail(error) {
    if (this.closing.signal.aborted) return;
    this.dispatchEvent(new CustomEvent("failed", { detail: error.message }));
  }
}

/** Keeps one SourceBuffer filled around the place that is played. */
class Feed {
  /** Takes a plan that says where segments come from: `(number, seconds ahead) -> {url, codec}`. */
  constructor(engine, kind, codec, plan) {
    this.engine = engine;
    this.kind = kind;
    this.codec = codec;
    this.plan = plan;
    this.buffer = engine.source.addSourceBuffer(fullType(kind, codec));
    this.tail = Promise.resolve();
    this.next = -1;
    /** How many changes are under way that nothing may be fetched during. */
    this.holds = 0;
    /** Where the initialization came from that the buffer has. */
    this.init = null;
    this.loading = new AbortController();
    this.isDone = false;
    this.aligned = new Promise((done) => { this.tellAligned = done; });
  }

  /** Reads the playlist, which has the same times in every quality. */
  async prepare() {
    this.segments = (await this.engine.list(this.plan(0, 0).url)).segments;
  }

  /** The segment at a time; their number when the film is over then. */
  index(time) {
    let [low, high] = [0, this.segments.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.segments[middle].end <= time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** When what is there from a time on ends; the time itself when it is not there. */
  end(time) {
    const { buffered } = this.buffer;
    for (let range = 0; range < buffered.length; range += 1) {
      if (buffered.start(range) <= time + 0.1 && time < buffered.end(range)) return buffered.end(range);
    }
    return time;
  }

  /** Whether a segment is there from begin to end. */
  has({ start, end }) {
    const middle = (start + end) / 2;
    return this.end(middle) > middle && this.end(middle) >= end - 0.1 && this.end(start + 0.1) >= middle;
  }

  /** Goes on at a time. What is there already is not fetched again. */
  seek(time) {
    if (this.holds) return;
    const end = this.end(time);
    const next = end > time ? this.index(end + 0.05) : Math.min(this.index(time), this.segments.length - 1);
    if (next !== this.next) {
      this.stop();
      this.next = next;
    }
    this.wake();
  }

  /** Forgets what is being fetched. */
  stop() {
    this.loading.abort();
    this.loading = new AbortController();
    this.isDone = false;
  }

  /** Changes something that decides what comes next, while nothing is fetched; then goes on where the play is. */
  async change(work) {
    this.holds += 1;
    this.stop();
    try {
      await work();
    } catch (error) {
      this.engine.fail(error);
    }
    this.holds -= 1;
    this.next = -1;
    this.seek(this.engine.video.currentTime);
  }

  /** Throws away what is there from the next segment behind a time on, so that it is fetched anew. */
  replaceAhead(time) {
    return this.change(() => this.cut(this.segments[this.index(time)]?.end ?? Infinity, Infinity));
  }

  /** Takes another plan for everything, what is there included. */
  follow(plan) {
    return this.change(async () => {
      this.plan = plan;
      await this.prepare();
      await this.cut(0, Infinity);
    });
  }

  /** Looks again whether there is something to do. */
  wake() {
    this.isWoken = true;
    this.rouse?.();
  }

  async run() {
    const { signal } = this.engine.closing;
    while (!signal.aborted) {
      const { signal: loading } = this.loading;
      this.isWoken = false;
      let isBusy = false;
      try {
        isBusy = await this.step(loading);
      } catch (error) {
        if (loading.aborted) continue;
        this.engine.fail(error);
      }
      if (!isBusy && !this.isWoken) await new Promise((done) => { this.rouse = done; });
    }
  }

  /** Fetches the next segment and hands it over; `false` when there is nothing to do for now. */
  async step(signal) {
    const { engine, segments } = this;
    if (this.holds) return false;
    while (this.next < segments.length && this.has(segments[this.next])) this.next += 1;
    const number = this.next;
    if (number >= segments.length) {
      await this.tail;
      this.isDone = this.next >= segments.length;
      engine.finish();
      return false;
    }
    const now = engine.video.currentTime;
    const ahead = this.end(now) - now;
    if (segments[number].start > now + AHEAD) return false;
    const { url, codec } = this.plan(number, ahead);
    const list = await engine.list(url);
    const { start, end, url: address } = list.segments[number];
    const begun = performance.now();
    const [init, bytes] = await Promise.all([this.initialization(list), engine.fetch(address, signal)]);
    signal.throwIfAborted();
    if (this.kind === "video") engine.chooser.measured((performance.now() - begun) / 1000, end - start);
    await this.align(init, bytes, start);
    signal.throwIfAborted();
    if (this.init !== list.init?.url) {
      if (family(codec) !== family(this.codec)) await this.edit(() => this.buffer.changeType(fullType(this.kind, codec)));
      if (init) await this.append(init);
      [this.init, this.codec] = [list.init?.url, codec];
    }
    await this.append(bytes);
    await this.forget(now);
    if (!signal.aborted) this.next = number + 1;
    return true;
  }

  /** What stands before every segment of a list, fetched once; `null` when there is no such thing. */
  async initialization({ init }) {
    if (!init) return null;
    init.bytes ??= this.engine.fetch(init.url, this.engine.closing.signal);
    init.bytes.catch(() => { init.bytes = null; });
    return init.bytes;
  }

  /** Brings the stream's clock to the playlist's. The picture decides; sound waits for it. */
  async align(init, bytes, start) {
    const { engine } = this;
    if (this.isAligned) return;
    if (this === engine.picture) {
      engine.offset = init ? start - firstTime(bytes) / ticksPerSecond(init) : 0;
      this.tellAligned();
    } else {
      await engine.picture.aligned;
    }
    await this.edit(() => { this.buffer.timestampOffset = engine.offset; });
    this.isAligned = true;
  }

  /** Changes the buffer as soon as it is not busy. */
  edit(work) {
    const done = this.tail.then(() => new Promise((resolve, reject) => {
      if (this.engine.closing.signal.aborted || this.engine.source.readyState === "closed") return resolve();
      this.buffer.onupdateend = resolve;
      this.buffer.onerror = () => reject(new Error("The browser cannot read the film."));
      try {
        work();
      } catch (error) {
        reject(error);
      }
      if (!this.buffer.updating) resolve();
    }));
    this.tail = done.catch(() => {});
    return done;
  }

  async append(bytes) {
    try {
      await this.edit(() => this.buffer.appendBuffer(bytes));
    } catch (error) {
      if (error.name !== "QuotaExceededError") throw error;
      // The browser holds less than we want to: what was played goes first, then what is far ahead.
      const now = this.engine.video.currentTime;
      await this.cut(0, Math.max(now - 2, 0.001));
      await this.cut(now + AHEAD / 2, Infinity);
      await this.edit(() => this.buffer.appendBuffer(bytes));
    }
  }

  cut(start, end) {
    return this.edit(() => { if (start < this.engine.source.duration) this.buffer.remove(start, end); });
  }

  /** Gives up what was played long ago. */
  async forget(now) {
    const { buffered } = this.buffer;
    if (buffered.length && buffered.start(0) < now - 2 * BEHIND) await this.cut(0, now - BEHIND);
  }

  close() {
    this.loading.abort();
    this.wake();
  }
}

const family = (codecs) => codecs.split(",").map((codec) => codec.split(".")[0]).join(",");
