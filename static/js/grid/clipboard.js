// Copying to a spreadsheet and pasting from one, and filling down.
import { parseBlock, writeBlock } from "./texts.js";
import { counted, told } from "./words.js";

export class Clipboard {
  constructor(sheet) {
    this.sheet = sheet;
    this.model = sheet.model;
    this.selection = sheet.selection;
    document.addEventListener("copy", (event) => this.onCopy(event));
    document.addEventListener("cut", (event) => this.onCopy(event));
    document.addEventListener("paste", (event) => {
      if (sheet.hasFocus()) {
        event.preventDefault();
        this.paste(event.clipboardData.getData("text/plain"));
      }
    });
  }

  onCopy(event) {
    if (this.sheet.hasFocus()) {
      event.preventDefault();
      event.clipboardData.setData("text/plain", this.copied());
      this.sheet.say(counted("copied", this.selection.cells.length));
    }
  }

  copied() {
    const { top, bottom, left, right } = this.selection.block;
    const rows = this.model.cells.slice(top, bottom + 1);
    return writeBlock(
      rows.map((row) => row.slice(left, right + 1).map((cell) => this.model.editText(cell))),
    );
  }

  paste(text) {
    const block = parseBlock(text);
    if (block.every((row) => row.every((each) => each.trim() === ""))) {
      this.sheet.say(told("nothingToPaste"));
      return;
    }
    const changes = [];
    const locked = [];
    let [blank, lost] = [0, 0];
    for (const { row, column, text: given } of this.placed(block)) {
      const cell = this.model.cells[row]?.[column];
      if (given.trim() === "") {
        blank += cell ? 1 : 0;
      } else if (!cell) {
        lost += 1;
      } else if (cell.stored.lock) {
        locked.push(cell);
      } else {
        changes.push({ cell, text: given });
      }
    }
    const left = this.leftOut(locked, blank, lost);
    if (changes.length === 0) {
      this.sheet.say(`${told("nothingPasted")}${left}`);
      return;
    }
    this.sheet.say(counted("savingValues", changes.length));
    this.sheet.saving.give(changes, { aside: left });
  }

  leftOut(locked, blank, lost) {
    const parts = [];
    if (locked.length > 0) {
      parts.push(counted("stayed", locked.length, { why: locked[0].stored.why }));
    }
    if (blank > 0) {
      parts.push(counted("blankLeft", blank));
    }
    if (lost > 0) {
      parts.push(counted("beyond", lost));
    }
    return parts.length > 0 ? ` ${parts.join("; ")}.` : "";
  }

  // Where the cells of a block go: side by side from the chosen cell on. A single value fills all
  // that is chosen; a block whose first column names the rows finds them, in whatever order.
  placed(block) {
    const { top, bottom, left, right } = this.selection.block;
    if (block.length === 1 && block[0].length === 1) {
      return this.selection.cells.map(({ r, c }) => ({ row: r, column: c, text: block[0][0] }));
    }
    const named = this.namedRows(block);
    if (named) {
      this.selection.chooseBlock(top, left, top, left);
      const columns = this.namedColumns(named.heading);
      return named.rows.flatMap(({ row, cells }) =>
        cells.map((text, c) => ({ row, column: columns ? columns[c] : left + c, text })),
      );
    }
    const widest = Math.max(...block.map((row) => row.length));
    // One line copied, several chosen: each of them gets it.
    const isLine = block.length === 1 && bottom > top;
    const lines = isLine ? Array.from({ length: bottom - top + 1 }, () => block[0]) : block;
    this.selection.chooseBlock(
      top,
      left,
      top + lines.length - 1,
      Math.max(left + widest - 1, isLine ? right : 0),
    );
    return lines.flatMap((row, r) => row.map((text, c) => ({ row: top + r, column: left + c, text })));
  }

  namedRows(block) {
    if (block.some((row) => row.length < 2)) {
      return null;
    }
    const places = new Map();
    this.model.data.rows.forEach((row, place) => {
      for (const name of [row.name, row.s, row.m]) {
        const known = name.toLowerCase();
        // A name that several rows have names none of them.
        places.set(known, places.has(known) && places.get(known) !== place ? null : place);
      }
    });
    const found = block.map((row) => places.get(row[0].trim().toLowerCase()) ?? null);
    // A heading is no row; anything else without a row means that the first column is no name.
    const isHeaded = found.length > 1 && found[0] === null;
    const body = isHeaded ? found.slice(1) : found;
    if (body.some((place) => place === null)) {
      return null;
    }
    const rows = isHeaded ? block.slice(1) : block;
    return {
      heading: isHeaded ? block[0].slice(1) : [],
      rows: rows.map((row, place) => ({ row: body[place], cells: row.slice(1) })),
    };
  }

  // The columns that a heading names; null if it names none, so that they go side by side.
  namedColumns(heading) {
    const columns = heading.map((name) => {
      const wanted = name.trim().toLowerCase();
      return this.model.data.columns.findIndex(
        ({ label, title }) => label.toLowerCase() === wanted || title.toLowerCase() === wanted,
      );
    });
    return columns.some((place) => place >= 0) ? columns : null;
  }

  fillDown() {
    const { top, bottom, left, right } = this.selection.block;
    const changes = [];
    for (let c = left; c <= right; c += 1) {
      const text = this.model.editText(this.model.cells[top][c]);
      for (let r = top + 1; r <= bottom && text !== ""; r += 1) {
        if (!this.model.cells[r][c].stored.lock) {
          changes.push({ cell: this.model.cells[r][c], text });
        }
      }
    }
    if (changes.length > 0) {
      this.sheet.saving.give(changes);
    }
  }
}
