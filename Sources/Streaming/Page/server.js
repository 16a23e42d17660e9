// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

import { memory } from "./memory.js";

const FIELD = "access_token";

/** The token of servers that want one: it comes with the page's address once, or is asked for. */
let token = memory.get("token", "");
const given = new URLSearchParams(location.search).get(FIELD);
if (given) {
  token = given;
  memory.set("token", token);
  const clean = new URL(location.href);
  clean.searchParams.delete(FIELD);
  history.replaceState(null, "", clean);
}

/** An address of the server, with the token. */
export function address(path, base = location.href) {
  const url = new URL(path, base);
  if (token) url.searchParams.set(FIELD, token);
  return url.href;
}

/** Asks the server. Asks the viewer for a token when it wants another one. */
export async function ask(path, base, signal) {
  while (true) {
    const answer = await fetch(address(path, base), { signal });
    if (answer.ok) return answer;
    if (answer.status === 401 && await askForToken()) continue;
    const problem = await answer.json().catch(() => ({}));
    throw new Error(problem.detail ?? `The server answered ${answer.status}.`);
  }
}

let asking = null;

function askForToken() {
  asking ??= new Promise((done) => {
    const dialog = document.getElementById("token");
    dialog.addEventListener("close", () => {
      asking = null;
      token = dialog.querySelector("input").value.trim();
      memory.set("token", token || null);
      done(dialog.returnValue === "go" && token !== "");
    }, { once: true });
    dialog.returnValue = "";
    dialog.showModal();
  });
  return asking;
}
