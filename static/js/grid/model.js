// The cells: what stands in each, what somebody gave and has not come through yet, and what the
// server is told of both. Nothing here knows of the page.
import { localNumber } from "./texts.js";
import { told } from "./words.js";

// What becomes of a given value that needs somebody to look at it.
export const LEFT_OPEN = ["unsaved", "question", "conflict", "refused"];

// A cell: `stored` as the server told it, `pending` what was given and not stored yet, `draftNote`
// a note being written, `news` what somebody else did to it while the page was open.
function cellOf(r, c, stored, key, td) {
  return { r, c, stored, key, td, pending: null, draftNote: null, news: null, isFresh: false };
}

export class Model {
  constructor(data, body, sign) {
    this.data = data;
    this.sign = sign;
    this.width = data.columns.length;
    this.height = data.rows.length;
    this.cells = data.rows.map((row, r) =>
      row.cells.map((stored, c) => {
        const key = JSON.stringify([row.m, row.s, data.columns[c].label]);
        return cellOf(r, c, stored, key, body.rows[r].cells[c + 1]);
      }),
    );
    this.byKey = new Map(this.cells.flat().map((cell) => [cell.key, cell]));
  }

  row(cell) {
    return this.data.rows[cell.r];
  }

  column(cell) {
    return this.data.columns[cell.c];
  }

  name(cell) {
    return `${this.row(cell).name}, ${this.column(cell).title}`;
  }

  *withPending(...states) {
    for (const row of this.cells) {
      for (const cell of row) {
        if (cell.pending && states.includes(cell.pending.state)) {
          yield cell;
        }
      }
    }
  }

  // Whose value or note still needs the person.
  open() {
    return this.cells
      .flat()
      .filter(({ pending, draftNote }) => draftNote || LEFT_OPEN.includes(pending?.state));
  }

  // Notes that were written without giving the value anew.
  notes() {
    return this.cells.flat().filter(({ pending, draftNote }) => draftNote && !pending);
  }

  isTyped({ pending, draftNote }) {
    return Boolean(draftNote) || (Boolean(pending) && pending.state !== "saving");
  }

  // The value before a cell: the nearest to the left, else what came before the first column.
  before(cell) {
    for (let c = cell.c - 1; c >= 0; c -= 1) {
      const { stored } = this.cells[cell.r][c];
      if (stored.v !== undefined) {
        return { ...stored, label: this.data.columns[c].title, isNext: c === cell.c - 1 };
      }
    }
    return this.data.rows[cell.r].before ?? null;
  }

  // A number as the portal writes it ("1,234.5", or "1.234,5"), with the person's signs.
  local(text) {
    return this.sign !== this.data.decimalSign ? text.replace(/[.,]/g, (sign) => (sign === "." ? "," : ".")) : text;
  }

  shownText({ stored, pending }) {
    if (pending) {
      return pending.isDeletion ? told("deleted") : pending.text;
    }
    return stored.v === undefined ? "" : this.local(stored.t);
  }

  editText({ stored, pending }) {
    if (pending && !pending.isDeletion) {
      return pending.text;
    }
    return stored.v === undefined ? "" : localNumber(stored.v, this.sign);
  }

  knownNote({ stored, pending }) {
    return pending ? pending.note : (stored.n ?? "");
  }

  // What the server knows of a cell, as it is told back to it.
  standing({ stored }) {
    return stored.v === undefined ? null : { value: stored.v, at: stored.at };
  }

  // What the person saw in the cell when they gave their value: of an open one, what they saw then,
  // whatever has become known since. A conflict is answered in sight of what stands there.
  seen({ stored, pending }) {
    if (pending?.seen !== undefined && pending.state !== "conflict") {
      return pending.seen;
    }
    return this.standing({ stored });
  }
}
