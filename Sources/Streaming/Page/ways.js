// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import { Engine, isPlayable } from "./engine.js";
import { readMaster } from "./playlists.js";

/** For tests and for the curious: `?way=direct`, `remux`, `stream` or `native` allows that way alone. */
const only = () => new URLSearchParams(location.search).get("way");

/**
 * The ways in which this browser can play a film, the best first: the file itself, its packets in segments, or a stream
 * that is encoded for it.
 *
 * Where the browser has Media Source Extensions, they feed it, since HLS that browsers play by themselves leaves no
 * choice of quality and language. Others, such as those of phones by Apple, play HLS by themselves.
 */
export function waysOf(film, master, video) {
  const hasEngine = "MediaSource" in window;
  const canNative = video.canPlayType("application/vnd.apple.mpegurl") !== "";
  const ways = [];
  if (film.direct && film.direct.types.every((type) => video.canPlayType(type) === "probably")) {
    ways.push({ kind: "direct", name: "the file itself", url: film.direct.url });
  }
  if (film.remux && hasEngine && film.remux.types.every((type) => MediaSource.isTypeSupported(type))) {
    ways.push({ kind: "remux", name: "its packets, not encoded anew", url: film.remux.url });
  }
  const levels = hasEngine ? master.levels.filter(isPlayable).sort((one, other) => one.bandwidth - other.bandwidth) : [];
  if (levels.length) {
    const ofFirst = levels.filter((level) => level.group === master.levels.find(isPlayable).group);
    ways.push({ kind: "stream", name: "a stream, encoded for this browser", levels: ofFirst, isSteerable: true });
  }
  if (canNative && (!levels.length || only() === "native")) {
    ways.push({ kind: "stream", name: "a stream that the browser plays by itself", levels: [], url: film.master, isNative: true });
  }
  const wanted = only();
  return ways.filter((way) => !wanted || way.kind === wanted || (way.isNative && wanted === "native"));
}

/** Plays a way from a time on; answers the engine, which has `close` at least. */
export async function openWay(way, video, master, time, sound, listeners) {
  if (way.url && way.kind !== "remux") return new Plain(video, way.url, time);
  let choice = master;
  if (way.kind === "remux") {
    const answer = await fetch(way.url);
    if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
    choice = readMaster(await answer.text(), answer.url);
  }
  const engine = new Engine(video, choice);
  for (const [name, act] of Object.entries(listeners)) engine.addEventListener(name, act);
  try {
    await engine.open(time, Math.min(sound, Math.max(engine.sounds.length - 1, 0)));
  } catch (error) {
    engine.close();
    throw error;
  }
  return engine;
}

/** What the browser plays by itself. */
class Plain {
  constructor(video, url, time) {
    video.src = url;
    if (time > 0) video.addEventListener("loadedmetadata", () => { video.currentTime = time; }, { once: true });
  }

  close() {}
}
