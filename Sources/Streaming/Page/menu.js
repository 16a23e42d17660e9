// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The Martlet authors

/** A list to choose one thing from, opened by a button. */
export class Menu {
  constructor(element, onChange) {
    this.element = element;
    this.onChange = onChange;
    element.addEventListener("keydown", (event) => this.press(event));
    document.addEventListener("pointerdown", (event) => {
      if (this.isOpen && !element.contains(event.target) && !this.button.contains(event.target)) this.close(false);
    });
  }

  get isOpen() { return !this.element.hidden; }

  /** Opens it, or closes it when the same button opened it. Items have `text`, `detail`, `isChosen` and `act`. */
  open(button, title, items) {
    const wasOpen = this.isOpen && this.button === button;
    this.close(false);
    if (wasOpen) return button.focus();
    this.button = button;
    button.ariaExpanded = "true";
    this.element.ariaLabel = title;
    this.element.replaceChildren(...items.map((item) => this.row(item)));
    this.element.hidden = false;
    (this.element.querySelector("[aria-checked=true]") ?? this.element.firstElementChild)?.focus();
    this.onChange();
  }

  row({ text, detail, isChosen, act }) {
    const row = document.createElement("button");
    row.type = "button";
    row.setAttribute("role", "menuitemradio");
    row.ariaChecked = String(Boolean(isChosen));
    row.append(text);
    if (detail) {
      const small = document.createElement("small");
      small.textContent = detail;
      row.append(small);
    }
    row.addEventListener("click", () => {
      this.close(true);
      act();
    });
    return row;
  }

  close(isFocusing) {
    if (!this.isOpen) return;
    this.element.hidden = true;
    this.button.ariaExpanded = "false";
    if (isFocusing) this.button.focus();
    this.onChange();
  }

  press(event) {
    const rows = [...this.element.children];
    const place = rows.indexOf(document.activeElement);
    const acts = {
      ArrowDown: () => rows[(place + 1) % rows.length].focus(),
      ArrowUp: () => rows[(place + rows.length - 1) % rows.length].focus(),
      Home: () => rows[0].focus(), End: () => rows.at(-1).focus(),
      Escape: () => this.close(true), Tab: () => this.close(true),
    };
    if (!acts[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    acts[event.key]();
  }
}
