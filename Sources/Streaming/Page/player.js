// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import { Preview } from "./preview.js";
import { Menu } from "./menu.js";
import { memory, timeText } from "./memory.js";
import { openWay, waysOf } from "./ways.js";

const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 2];
/** How many seconds a key or a double tap moves. */
const STEP = 10;
/** How long the controls stay when nobody moves, in milliseconds. */
const REST = 3000;

const languageNames = "DisplayNames" in window ? new Intl.DisplayNames(undefined, { type: "language" }) : null;

/** What a track is called for people. */
function trackName(track) {
  let language = "";
  try { language = track.language && track.language !== "und" ? languageNames?.of(track.language) ?? "" : ""; } catch { }
  const isNamed = track.name && !track.name.toLowerCase().includes(language.toLowerCase());
  const name = language ? (isNamed ? `${language} · ${track.name}` : language) : track.name || "Unknown";
  return track.isForced && !/forced/i.test(name) ? `${name} (forced)` : name;
}

/** Shows one film, with everything to steer it. */
export class Player {
  /** Takes the element to live in, the film's path, what the server says of it, and its master playlist. */
  constructor(root, path, film, master) {
    this.root = root;
    this.path = path;
    this.film = film;
    this.master = master;
    this.video = root.querySelector("video");
    this.closing = new AbortController();
    this.ways = waysOf(film, master, this.video);
    this.way = this.ways[0];
    this.soundNumber = this.preferredSound();
    this.subtitle = null;
    this.stalls = [];
    root.querySelector("h1").textContent = film.title;
    this.menu = new Menu(root.querySelector(".menu"), () => this.show());
    this.preview = new Preview(root.querySelector(".preview"), film.thumbnails, film.chapters);
    this.listen();
    this.showTracks();
  }

  find(selector) { return this.root.querySelector(selector); }

  on(target, names, act) {
    for (const name of names.split(" ")) target.addEventListener(name, act, { signal: this.closing.signal });
  }

  /** Begins where the viewer left, or at `start`. */
  async open(start) {
    this.video.volume = memory.get("volume", 1);
    this.video.muted = memory.get("muted", false);
    if (this.film.poster) this.video.poster = this.film.poster;
    await this.begin(start ?? memory.get(`place.${this.path}`, 0), true);
    this.chooseSubtitle(this.preferredSubtitle());
    this.show();
  }

  /** Opens the current way at a time. */
  async begin(time, isPlaying) {
    this.engine?.close();
    this.find(".trouble").hidden = true;
    this.waiting(true);
    try {
      if (!this.way) throw new Error("This browser can play neither the film nor any of its qualities.");
      const speed = this.video.playbackRate;
      this.engine = await openWay(this.way, this.video, this.master, time, this.soundNumber, {
        level: () => this.showFacts(),
        failed: (event) => this.fail(event.detail),
      });
      this.video.playbackRate = speed;
      if (isPlaying) await this.play();
    } catch (error) {
      if (error.name !== "AbortError") this.fail(error.message);
    }
  }

  async play() {
    try {
      await this.video.play();
    } catch (error) {
      // The browser wants to be asked by the viewer first.
      if (error.name === "NotAllowedError") this.find(".start").hidden = false;
      else if (error.name !== "AbortError" && !this.video.error) throw error;
    }
  }

  /** Goes on in the next way that is left, or says that there is none. */
  fail(message) {
    if (this.closing.signal.aborted) return;
    const time = this.video.currentTime;
    this.ways = this.ways.filter((way) => way !== this.way || way.kind === "stream");
    if (this.way?.kind !== "stream" && this.ways.length) {
      this.way = this.ways[0];
      this.begin(time, true);
      return;
    }
    this.waiting(false);
    this.find(".trouble").hidden = false;
    this.find(".trouble p").textContent = message || "The film cannot be played.";
    this.show();
  }

  close() {
    this.closing.abort();
    this.remember();
    this.engine?.close();
    this.video.removeAttribute("src");
    this.video.load();
  }

  // What the viewer does

  toggle() {
    if (this.video.paused) this.play();
    else this.video.pause();
  }

  seek(time) {
    const { duration } = this.video;
    if (Number.isFinite(duration)) this.video.currentTime = Math.min(Math.max(time, 0), duration);
    this.show();
  }

  setSpeed(speed) { this.video.playbackRate = speed; }

  /** Changes the quality: a way, and within the stream the number of a level or `null`. */
  setQuality(way, level = null) {
    if (way !== this.way) {
      this.way = way;
      this.begin(this.video.currentTime, !this.video.paused).then(() => this.engine?.setLevel?.(level));
    } else {
      this.engine?.setLevel?.(level);
    }
  }

  setSound(number) {
    this.soundNumber = number;
    memory.set("sound", this.sounds[number].language);
    if (this.way.kind === "direct") this.setQuality(this.ways.find((way) => way.kind !== "direct"));
    else this.engine?.setSound?.(number);
  }

  /** Shows the subtitles of a number; none for `null`. */
  chooseSubtitle(number) {
    this.subtitle = number;
    for (const track of [...this.video.querySelectorAll("track")]) track.remove();
    this.find(".captions").replaceChildren();
    const chosen = this.master.subtitles[number];
    if (!chosen) return;
    const track = document.createElement("track");
    Object.assign(track, {
      kind: "subtitles", label: trackName(chosen), srclang: chosen.language || "und",
      // The token of the address stays.
      src: Object.assign(new URL("all.vtt", chosen.url), { search: new URL(chosen.url).search }).href,
    });
    this.video.append(track);
    // Shown by the page, above its controls, and not by the browser, below them.
    track.track.mode = "hidden";
    track.track.addEventListener("cuechange", () => this.showCues(track.track));
  }

  setSubtitle(number) {
    memory.set("subtitle", number === null ? "" : this.master.subtitles[number].language || "und");
    this.chooseSubtitle(number);
  }

  // What is chosen at the beginning

  get sounds() {
    const group = this.master.levels[0]?.group;
    return this.master.sounds.filter((sound) => sound.group === group);
  }

  preferredSound() {
    const wanted = memory.get("sound", "");
    const number = this.sounds.findIndex((sound) => wanted && sound.language === wanted);
    return Math.max(0, number >= 0 ? number : this.sounds.findIndex((sound) => sound.isDefault));
  }

  preferredSubtitle() {
    const { subtitles } = this.master;
    const wanted = memory.get("subtitle", null);
    const language = this.sounds[this.soundNumber]?.language;
    const number = wanted === null || wanted === ""
      ? subtitles.findIndex((track) => track.isForced && track.language === language)
      : subtitles.findIndex((track) => track.language === wanted || (wanted === "und" && !track.language));
    return number < 0 ? null : number;
  }

  // What is shown

  waiting(isWaiting) {
    clearTimeout(this.waitTimer);
    const sign = this.find(".wait");
    if (isWaiting) this.waitTimer = setTimeout(() => { sign.hidden = false; }, 250);
    else sign.hidden = true;
  }

  /** Shows the controls, and hides them after a while in which nobody moves. */
  show() {
    this.root.classList.remove("resting");
    clearTimeout(this.restTimer);
    this.restTimer = setTimeout(() => {
      const isKept = this.video.paused || this.menu.isOpen || this.isScrubbing || !this.find(".trouble").hidden;
      if (isKept) return;
      this.root.classList.add("resting");
    }, REST);
  }

  showCues(track) {
    this.find(".captions").replaceChildren(...[...track.activeCues ?? []].map((cue) => {
      const line = document.createElement("p");
      const text = document.createElement("span");
      text.append(cue.getCueAsHTML());
      line.append(text);
      return line;
    }));
  }

  showTracks() {
    this.find(".sound").hidden = this.sounds.length < 2;
    this.find(".subtitles").hidden = !this.master.subtitles.length;
    this.find(".inset").hidden = !document.pictureInPictureEnabled;
  }

  showTime() {
    const { currentTime, duration } = this.video;
    const bar = this.find(".bar");
    const whole = Number.isFinite(duration) ? duration : this.film.duration_s ?? 0;
    bar.max = whole;
    if (!this.isScrubbing) bar.value = currentTime;
    const shown = this.isScrubbing ? bar.valueAsNumber : currentTime;
    bar.ariaValueText = `${timeText(shown)} of ${timeText(Math.round(whole))}`;
    bar.style.setProperty("--played", `${whole ? shown / whole * 100 : 0}%`);
    const { buffered } = this.video;
    let there = currentTime;
    for (let range = 0; range < buffered.length; range += 1) {
      if (buffered.start(range) <= currentTime + 0.1) there = Math.max(there, buffered.end(range));
    }
    bar.style.setProperty("--there", `${whole ? there / whole * 100 : 0}%`);
    this.find(".now").textContent = timeText(shown);
    this.find(".whole").textContent = ` / ${timeText(Math.round(whole))}`;
  }

  showState() {
    const { paused, ended, muted, volume } = this.video;
    const icon = (selector, name, label) => {
      this.find(`${selector} use`).setAttribute("href", `/page/icons.svg#${name}`);
      this.find(selector).ariaLabel = label;
    };
    icon(".play", paused ? "play" : "pause", paused ? "Play" : "Pause");
    icon(".mute", muted || !volume ? "silent" : "loud", muted ? "Unmute" : "Mute");
    icon(".full", document.fullscreenElement ? "small" : "full", document.fullscreenElement ? "Leave full screen" : "Full screen");
    this.find(".volume").value = muted ? 0 : volume;
    this.find(".volume").style.setProperty("--played", `${muted ? 0 : volume * 100}%`);
    if (!paused) this.find(".start").hidden = true;
    if (paused || ended) this.show();
  }

  /** The text about what is played, for those who want to know. */
  showFacts() {
    const panel = this.find(".facts");
    if (panel.hidden) return;
    const facts = Object.entries(this.facts());
    panel.replaceChildren(...facts.flatMap(([name, value]) => {
      const [term, text] = [document.createElement("dt"), document.createElement("dd")];
      [term.textContent, text.textContent] = [name, value];
      return [term, text];
    }));
  }

  facts() {
    const { video, engine } = this;
    const quality = video.getVideoPlaybackQuality();
    const ahead = Math.max(0, (video.buffered.length ? video.buffered.end(video.buffered.length - 1) : 0) - video.currentTime);
    return {
      "Way": this.way?.name ?? "none",
      "Picture": `${video.videoWidth}×${video.videoHeight}`,
      "Quality": engine?.level ? `${engine.level.height}p, ${(engine.level.bandwidth / 1e6).toFixed(1)} Mb/s at most` : "as it is",
      "Speed": engine?.chooser ? `${(engine.chooser.speed / 1e6).toFixed(1)} Mb/s expected` : "not measured",
      "Ahead": `${ahead.toFixed(1)} s`,
      "Pictures": `${quality.totalVideoFrames}, ${quality.droppedVideoFrames} dropped`,
    };
  }

  // Menus

  qualityItems() {
    const stream = this.ways.find((way) => way.kind === "stream");
    const wanted = this.way?.kind === "stream" ? this.engine?.wanted ?? null : undefined;
    const items = this.ways.filter((way) => way.kind !== "stream").slice(0, 1).map((way) => ({
      text: "As it is", detail: "not encoded anew", isChosen: this.way === way, act: () => this.setQuality(way),
    }));
    if (!stream) return items;
    const now = wanted === null && this.engine?.level ? `${this.engine.level.height}p` : "";
    items.push({ text: "Automatic", detail: now, isChosen: wanted === null, act: () => this.setQuality(stream) });
    if (stream.isSteerable) {
      stream.levels.forEach((level, number) => items.splice(items.length - number, 0, {
        text: `${level.height}p`, detail: `${(level.bandwidth / 1e6).toFixed(1)} Mb/s`, isChosen: wanted === number,
        act: () => this.setQuality(stream, number),
      }));
    }
    return items;
  }

  soundItems() {
    return this.sounds.map((sound, number) => ({
      text: trackName(sound), detail: sound.channels > 2 ? `${sound.channels} channels` : "",
      isChosen: number === this.soundNumber, act: () => this.setSound(number),
    }));
  }

  subtitleItems() {
    const none = { text: "Off", isChosen: this.subtitle === null, act: () => this.setSubtitle(null) };
    return [none, ...this.master.subtitles.map((track, number) => ({
      text: trackName(track), isChosen: number === this.subtitle, act: () => this.setSubtitle(number),
    }))];
  }

  speedItems() {
    return SPEEDS.map((speed) => ({
      text: speed === 1 ? "Normal" : `${speed}×`, isChosen: this.video.playbackRate === speed,
      act: () => this.setSpeed(speed),
    }));
  }

  // Events

  listen() {
    const { video } = this;
    this.on(video, "timeupdate progress durationchange seeking seeked", () => this.showTime());
    this.on(video, "play pause ended volumechange", () => this.showState());
    this.on(document, "fullscreenchange", () => this.showState());
    this.on(video, "waiting seeking", () => this.waiting(true));
    this.on(video, "playing canplay seeked", () => this.waiting(false));
    this.on(video, "waiting", () => this.countStall());
    this.on(video, "error", () => { if (video.error && video.getAttribute("src")) this.fail(video.error.message); });
    this.on(video, "timeupdate", () => { this.showFacts(); this.remember(); });
    this.on(video, "pause ended", () => this.remember(true));
    this.on(window, "pagehide", () => this.remember(true));
    this.on(video, "volumechange", () => {
      memory.set("volume", video.volume);
      memory.set("muted", video.muted);
    });
    this.on(this.root, "pointermove focusin", () => this.show());
    this.on(document, "keydown", (event) => this.press(event));
    this.listenToPicture();
    this.listenToBar();
    const press = (selector, act) => this.on(this.find(selector), "click", act);
    press(".play", () => this.toggle());
    press(".start", () => this.play());
    press(".rewind", () => this.seek(video.currentTime - STEP));
    press(".forward", () => this.seek(video.currentTime + STEP));
    press(".mute", () => { video.muted = !video.muted; });
    press(".full", () => this.toggleFull());
    press(".inset", () => (document.pictureInPictureElement ? document.exitPictureInPicture() : video.requestPictureInPicture()));
    press(".retry", () => this.begin(video.currentTime, true));
    press(".subtitles", (event) => this.menu.open(event.currentTarget, "Subtitles", this.subtitleItems()));
    press(".sound", (event) => this.menu.open(event.currentTarget, "Language", this.soundItems()));
    press(".quality", (event) => this.menu.open(event.currentTarget, "Quality", this.qualityItems()));
    press(".speed", (event) => this.menu.open(event.currentTarget, "Speed", this.speedItems()));
    this.on(this.find(".volume"), "input", (event) => {
      video.volume = event.target.valueAsNumber;
      video.muted = video.volume === 0;
    });
    this.showState();
    this.announce();
  }

  /** A click plays and pauses, a tap shows the controls, a double one goes full screen, or steps at the sides. */
  listenToPicture() {
    let lastTap = 0;
    this.on(this.video, "click", (event) => {
      if (this.menu.isOpen) return;
      if (event.pointerType !== "touch") return this.toggle();
      const place = event.clientX / this.root.clientWidth;
      if (event.timeStamp - lastTap < 300 && (place < 0.35 || place > 0.65)) {
        this.seek(this.video.currentTime + (place < 0.5 ? -STEP : STEP));
      } else if (this.root.classList.contains("resting")) {
        this.show();
      } else if (!this.video.paused) {
        this.root.classList.add("resting");
      }
      lastTap = event.timeStamp;
    });
    this.on(this.video, "dblclick", () => { if (matchMedia("(hover: hover)").matches) this.toggleFull(); });
  }

  listenToBar() {
    const bar = this.find(".bar");
    const timeAt = (event) => {
      const { left, width } = bar.getBoundingClientRect();
      return Math.min(Math.max((event.clientX - left) / width, 0), 1) * Number(bar.max);
    };
    this.on(bar, "pointerdown", () => { this.isScrubbing = true; });
    this.on(bar, "input", () => {
      this.showTime();
      if (this.isScrubbing) this.preview.show(bar.valueAsNumber, bar);
    });
    // While it is dragged only the preview moves: each seek would begin work on the server.
    this.on(bar, "change", () => {
      this.isScrubbing = false;
      this.seek(bar.valueAsNumber);
    });
    this.on(bar, "pointerup pointercancel", () => { this.isScrubbing = false; });
    this.on(bar, "pointermove", (event) => this.preview.show(timeAt(event), bar));
    this.on(bar, "pointerleave pointercancel blur", () => this.preview.hide());
  }

  press(event) {
    const { target, key } = event;
    if (event.ctrlKey || event.altKey || event.metaKey || this.menu.isOpen) return;
    const isOnButton = target.closest?.("button, a") && (key === " " || key === "Enter");
    const isOnVolume = target.matches?.(".volume") && key.startsWith("Arrow");
    if (isOnButton || isOnVolume) return;
    const { video } = this;
    const louder = (step) => { video.muted = false; video.volume = Math.min(Math.max(video.volume + step, 0), 1); };
    const acts = {
      " ": () => this.toggle(), k: () => this.toggle(),
      ArrowLeft: () => this.seek(video.currentTime - STEP), j: () => this.seek(video.currentTime - STEP),
      ArrowRight: () => this.seek(video.currentTime + STEP), l: () => this.seek(video.currentTime + STEP),
      ArrowUp: () => louder(0.1), ArrowDown: () => louder(-0.1),
      Home: () => this.seek(0), End: () => this.seek(video.duration - 1),
      m: () => { video.muted = !video.muted; }, f: () => this.toggleFull(),
      c: () => this.setSubtitle(this.subtitle === null && this.master.subtitles.length ? 0 : null),
      i: () => { this.find(".facts").hidden = !this.find(".facts").hidden; this.showFacts(); },
      "<": () => this.stepSpeed(-1), ">": () => this.stepSpeed(1),
    };
    const act = acts[key] ?? (/^\d$/.test(key) ? () => this.seek(video.duration * Number(key) / 10) : null);
    if (!act) return;
    event.preventDefault();
    act();
    this.show();
  }

  stepSpeed(step) {
    const place = SPEEDS.indexOf(this.video.playbackRate) + step;
    if (SPEEDS[place]) this.setSpeed(SPEEDS[place]);
  }

  toggleFull() {
    if (document.fullscreenElement) document.exitFullscreen();
    else if (this.root.requestFullscreen) this.root.requestFullscreen();
    else this.video.webkitEnterFullscreen?.();
  }

  /** A line that is too slow for the film as it is gets the stream instead. */
  countStall() {
    if (this.video.seeking || this.way?.kind === "stream" || this.video.currentTime < 1) return;
    const now = performance.now();
    this.stalls = [...this.stalls.filter((time) => now - time < 60_000), now];
    const stream = this.ways.find((way) => way.kind === "stream");
    if (this.stalls.length > 2 && stream) this.setQuality(stream);
  }

  /** Keeps the place for the next time: now and then while it plays. */
  remember(isNow = false) {
    const { currentTime, duration } = this.video;
    if (!Number.isFinite(duration) || (!isNow && Math.abs(currentTime - (this.kept ?? -10)) < 5)) return;
    this.kept = currentTime;
    const isWorth = currentTime > 20 && currentTime < duration * 0.95;
    memory.set(`place.${this.path}`, isWorth ? Math.floor(currentTime) : null);
    memory.set(`share.${this.path}`, isWorth ? currentTime / duration : null);
  }

  /** Tells the system what is played, for its own keys and its lock screen. */
  announce() {
    const { mediaSession: session } = navigator;
    if (!session) return;
    session.metadata = new MediaMetadata({
      title: this.film.title, artwork: this.film.poster ? [{ src: this.film.poster, type: "image/jpeg" }] : [],
    });
    const acts = {
      play: () => this.play(), pause: () => this.video.pause(),
      seekbackward: () => this.seek(this.video.currentTime - STEP),
      seekforward: () => this.seek(this.video.currentTime + STEP), seekto: ({ seekTime }) => this.seek(seekTime),
    };
    for (const [name, act] of Object.entries(acts)) {
      session.setActionHandler(name, act);
      this.closing.signal.addEventListener("abort", () => session.setActionHandler(name, null));
    }
  }
}
