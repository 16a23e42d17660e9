// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import { encodePath, openLibrary, titleOf } from "./library.js";
import { Player } from "./player.js";
import { readMaster } from "./playlists.js";
import { ask } from "./server.js";

const view = document.getElementById("view");
let leaving = new AbortController();
let player = null;

/** Shows what the address says: the list, or one film. */
function route() {
  leaving.abort();
  leaving = new AbortController();
  player?.close();
  player = null;
  const film = location.pathname.match(/^\/watch\/(.+)$/);
  const name = film ? "watch" : "library";
  view.replaceChildren(document.getElementById(name).content.cloneNode(true));
  if (film) watch(decodeURIComponent(film[1]), leaving.signal);
  else openLibrary(view, leaving.signal);
}

async function watch(path, signal) {
  const root = view.querySelector(".watch");
  const base = new URL(`/hls/${encodePath(path)}/`, location.href);
  document.title = `${titleOf(path)} – Martlet`;
  root.querySelector("h1").textContent = titleOf(path);
  root.querySelector(".wait").hidden = false;
  try {
    const answer = await ask("master.m3u8", base, signal);
    const [film, text] = await Promise.all([describe(base, path, answer.url, signal), answer.text()]);
    document.title = `${film.title} – Martlet`;
    player = new Player(root, path, film, readMaster(text, answer.url));
    const start = new URLSearchParams(location.search).get("t");
    await player.open(start === null ? undefined : Number(start));
    root.focus({ preventScroll: true });
  } catch (error) {
    if (signal.aborted) return;
    // Before a film is open there is nothing to steer.
    for (const name of [".wait", ...player ? [] : [".bottom"]]) root.querySelector(name).hidden = true;
    const trouble = root.querySelector(".trouble");
    trouble.hidden = false;
    trouble.querySelector("p").textContent = `This film cannot be played. ${error.message}`;
    trouble.querySelector(".retry").addEventListener("click", route, { once: true });
  }
}

/** What the server says of a film. It may be a server that has nothing but playlists. */
async function describe(base, path, master, signal) {
  const film = { title: titleOf(path), chapters: [], master };
  const said = await ask("film.json", base, signal).then((answer) => answer.json()).catch(() => ({}));
  for (const name of ["poster", "thumbnails"]) if (said[name]) said[name] = new URL(said[name], base).href;
  for (const name of ["direct", "remux"]) if (said[name]) said[name].url = new URL(said[name].url, base).href;
  return { ...film, ...said, title: said.title || film.title };
}

/** Links within the page do not load it anew. */
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='/']");
  if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  history.pushState(null, "", link.href);
  route();
  scrollTo(0, 0);
});
addEventListener("popstate", route);

/** For developer tools: `martlet.player`. */
window.martlet = { get player() { return player; } };

route();
