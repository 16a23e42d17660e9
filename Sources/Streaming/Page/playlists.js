// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/** Reads what players need of HLS playlists (RFC 8216), of fragmented MP4 and of WebVTT. */

/** The attributes of a tag, unquoted. */
function attributes(line) {
  const found = line.matchAll(/([A-Z0-9-]+)=(?:"([^"]*)"|([^,]*))/g);
  return Object.fromEntries([...found].map(([, name, quoted, plain]) => [name, quoted ?? plain]));
}

const lines = (text) => text.split(/\r?\n/).map((line) => line.trim()).filter(Boolean);

/** A master playlist: what there is to choose from. Addresses are absolute. */
export function readMaster(text, base) {
  const master = { levels: [], sounds: [], subtitles: [] };
  let variant = null;
  for (const line of lines(text)) {
    if (line.startsWith("#EXT-X-STREAM-INF:")) {
      variant = attributes(line);
    } else if (line.startsWith("#EXT-X-MEDIA:")) {
      const found = attributes(line);
      if (!found.URI) continue;
      const rendition = {
        group: found["GROUP-ID"], name: found.NAME ?? "", language: found.LANGUAGE ?? "",
        isDefault: found.DEFAULT === "YES", isForced: found.FORCED === "YES", channels: Number(found.CHANNELS ?? 0),
        url: new URL(found.URI, base).href,
      };
      if (found.TYPE === "AUDIO") master.sounds.push(rendition);
      if (found.TYPE === "SUBTITLES") master.subtitles.push(rendition);
    } else if (variant && !line.startsWith("#")) {
      const [width, height] = (variant.RESOLUTION ?? "0x0").split("x").map(Number);
      master.levels.push({
        width, height, bandwidth: Number(variant.BANDWIDTH), codecs: (variant.CODECS ?? "").split(","),
        group: variant.AUDIO ?? null, url: new URL(line, base).href,
      });
      variant = null;
    }
  }
  return master;
}

/** A media playlist: its segments with their times in seconds, and where their initialization is. */
export function readMedia(text, base) {
  const media = { segments: [], init: null, duration: 0 };
  let duration = 0;
  for (const line of lines(text)) {
    if (line.startsWith("#EXTINF:")) {
      duration = parseFloat(line.slice(8));
    } else if (line.startsWith("#EXT-X-MAP:")) {
      media.init = new URL(attributes(line).URI, base).href;
    } else if (!line.startsWith("#")) {
      const start = media.duration;
      media.duration += duration;
      media.segments.push({ url: new URL(line, base).href, start, end: media.duration });
    }
  }
  return media;
}

/** The first box at a path of types; `null` when there is none. */
function box(view, path, from = 0, to = view.byteLength) {
  for (let at = from; at + 8 <= to;) {
    const size = view.getUint32(at) || to - at;
    const type = String.fromCharCode(...[4, 5, 6, 7].map((place) => view.getUint8(at + place)));
    if (type === path[0]) {
      const content = { start: at + 8, end: Math.min(at + size, to) };
      return path.length === 1 ? content : box(view, path.slice(1), content.start, content.end);
    }
    at += Math.max(size, 8);
  }
  return null;
}

/** The clock of an initialization's first track, in ticks a second. */
export function ticksPerSecond(init) {
  const view = new DataView(init);
  const header = box(view, ["moov", "trak", "mdia", "mdhd"]);
  if (!header) return 1;
  return view.getUint32(header.start + (view.getUint8(header.start) === 1 ? 20 : 12));
}

/** When a segment's first picture or sound is shown, in ticks. */
export function firstTime(segment) {
  const view = new DataView(segment);
  const decode = box(view, ["moof", "traf", "tfdt"]);
  const run = box(view, ["moof", "traf", "trun"]);
  if (!decode || !run) return 0;
  const isLong = view.getUint8(decode.start) === 1;
  const time = isLong ? Number(view.getBigUint64(decode.start + 4)) : view.getUint32(decode.start + 4);
  const flags = view.getUint32(run.start) & 0xffffff;
  if (!(flags & 0x800)) return time;
  let place = run.start + 8;
  for (const flag of [0x1, 0x4, 0x100, 0x200, 0x400]) if (flags & flag) place += 4;
  return time + (view.getUint8(run.start) ? view.getInt32(place) : view.getUint32(place));
}

/** The cues of a WebVTT text. */
export function readCues(text) {
  const seconds = (time) => time.split(":").reduce((sum, part) => sum * 60 + parseFloat(part), 0);
  return text.split(/\r?\n\r?\n/).flatMap((block) => {
    const found = block.match(/([\d:.]+)\s+-->\s+([\d:.]+)[^\n]*\n([^]*)/);
    return found ? [{ start: seconds(found[1]), end: seconds(found[2]), text: found[3].trim() }] : [];
  });
}
