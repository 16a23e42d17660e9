// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/** What this browser remembers of its viewer. A browser that remembers nothing is as good. */
export const memory = {
  get(name, otherwise) {
    try {
      const text = localStorage.getItem(`martlet.${name}`);
      return text === null ? otherwise : JSON.parse(text);
    } catch {
      return otherwise;
    }
  },
  /** Keeps a value; forgets it for `null`. */
  set(name, value) {
    try {
      if (value === null) localStorage.removeItem(`martlet.${name}`);
      else localStorage.setItem(`martlet.${name}`, JSON.stringify(value));
    } catch { }
  },
};

/** `1:02:03` or `2:03`. */
export function timeText(seconds) {
  const whole = Math.max(0, Math.floor(seconds || 0));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, String(whole % 60).padStart(2, "0")];
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}
