// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import { memory, timeText } from "./memory.js";
import { address, ask } from "./server.js";

/** A path as an address has it, `/` kept. */
export const encodePath = (path) => path.split("/").map(encodeURIComponent).join("/");

/** What a film is called when the server has no title for it: its file's name, made readable. */
export function titleOf(path) {
  const name = path.split("/").at(-1).replace(/\.[A-Za-z0-9]{2,4}$/, "");
  return name.includes(" ") ? name : name.replace(/[._]+/g, " ");
}

function element(name, className, text = "") {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

function card(film) {
  const link = element("a", "card");
  link.href = `/watch/${encodePath(film.path)}`;
  const frame = element("span", "poster");
  const poster = element("img");
  Object.assign(poster, { src: address(`/hls/${encodePath(film.path)}/poster.jpg`), alt: "", loading: "lazy", decoding: "async" });
  poster.addEventListener("error", () => poster.remove());
  frame.append(poster);
  if (film.duration_s) frame.append(element("span", "length", timeText(Math.round(film.duration_s))));
  const share = memory.get(`share.${film.path}`, 0);
  if (share) {
    const done = element("span", "done");
    done.style.width = `${share * 100}%`;
    frame.append(done);
  }
  link.append(frame, element("span", "title", film.title || titleOf(film.path)));
  return link;
}

function shelf(title, films) {
  const section = element("section");
  if (title) section.append(element("h2", "", title));
  const list = element("ul", "cards");
  for (const film of films) {
    const item = element("li");
    item.append(card(film));
    list.append(item);
  }
  section.append(list);
  return section;
}

const folderOf = (film) => film.path.split("/").slice(0, -1).join(" / ");
const comparing = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/** Fills the list of films, and narrows it while the viewer types. */
export async function openLibrary(root, signal) {
  document.title = "Martlet";
  const shelves = root.querySelector(".shelves");
  const note = shelves.querySelector(".note");
  const search = root.querySelector(".search");
  let films;
  try {
    const answer = await ask("/library.json", location.href, signal);
    films = (await answer.json()).films;
  } catch (error) {
    if (!signal.aborted) note.textContent = `The films cannot be listed. ${error.message}`;
    return;
  }
  for (const film of films) film.title ||= titleOf(film.path);
  films.sort((one, other) => comparing.compare(folderOf(one), folderOf(other)) || comparing.compare(one.title, other.title));
  const show = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = films.filter((film) => words.every((word) => `${film.path} ${film.title}`.toLowerCase().includes(word)));
    const begun = words.length ? [] : found.filter((film) => memory.get(`share.${film.path}`, 0));
    const folders = Map.groupBy ? Map.groupBy(found, folderOf) : groups(found, folderOf);
    note.textContent = found.length ? `${found.length} ${found.length === 1 ? "film" : "films"}`
      : films.length ? "No film is called like that." : "There are no films here yet.";
    shelves.replaceChildren(
      note, ...begun.length ? [shelf("Go on watching", begun)] : [],
      ...[...folders].map(([folder, list]) => shelf(folder || (folders.size > 1 || begun.length ? "Films" : ""), list)));
  };
  search.addEventListener("input", show, { signal });
  show();
}

function groups(list, key) {
  const found = new Map();
  for (const item of list) found.set(key(item), [...found.get(key(item)) ?? [], item]);
  return found;
}
