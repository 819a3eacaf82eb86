// Which cell is the active one, which are chosen with it, and where a step leads.

export class Selection {
  constructor(sheet) {
    this.sheet = sheet;
    this.model = sheet.model;
    this.row = 0;
    this.column = 0;
    this.anchor = { row: 0, column: 0 };
    this.isTabFree = false;
    this.painted = [];
  }

  get cell() {
    return this.model.cells[this.row][this.column];
  }

  get block() {
    const rows = [this.anchor.row, this.row].sort((a, b) => a - b);
    const columns = [this.anchor.column, this.column].sort((a, b) => a - b);
    return { top: rows[0], bottom: rows[1], left: columns[0], right: columns[1] };
  }

  get cells() {
    const { top, bottom, left, right } = this.block;
    return this.model.cells.slice(top, bottom + 1).flatMap((row) => row.slice(left, right + 1));
  }

  choose(row, column, { extend = false, focus = true } = {}) {
    const old = this.cell;
    this.row = Math.max(0, Math.min(this.model.height - 1, row));
    this.column = Math.max(0, Math.min(this.model.width - 1, column));
    if (!extend) {
      this.anchor = { row: this.row, column: this.column };
    }
    old.td.tabIndex = -1;
    old.td.removeAttribute("aria-describedby");
    this.cell.td.tabIndex = 0;
    this.cell.td.setAttribute("aria-describedby", "sheet-words");
    this.isTabFree = false;
    this.paint();
    this.sheet.panel.tell();
    if (focus) {
      this.cell.td.focus();
    }
  }

  // A block with its first cell active; what lies beyond the grid is left out.
  chooseBlock(top, left, bottom, right) {
    const end = {
      row: Math.min(bottom, this.model.height - 1),
      column: Math.min(right, this.model.width - 1),
    };
    this.choose(top, left);
    this.anchor = end;
    this.paint();
  }

  paint() {
    for (const cell of this.painted) {
      cell.td.classList.remove("is-chosen", "is-active");
      cell.td.removeAttribute("aria-selected");
    }
    this.painted = this.cells;
    for (const cell of this.painted) {
      cell.td.classList.add("is-chosen");
      cell.td.setAttribute("aria-selected", "true");
    }
    this.cell.td.classList.add("is-active");
  }

  focus() {
    this.cell.td.focus();
  }

  // With Ctrl: to the edge of a run of filled or blank cells, as spreadsheets do.
  edge(downwards, rightwards) {
    const filled = (r, c) => {
      const { stored, pending } = this.model.cells[r][c];
      return Boolean(pending) || stored.v !== undefined;
    };
    const inside = (r, c) => r >= 0 && c >= 0 && r < this.model.height && c < this.model.width;
    let [r, c] = [this.row, this.column];
    if (!inside(r + downwards, c + rightwards)) {
      return [r, c];
    }
    const isRun = filled(r, c) && filled(r + downwards, c + rightwards);
    do {
      r += downwards;
      c += rightwards;
    } while (
      inside(r + downwards, c + rightwards) &&
      (isRun ? filled(r + downwards, c + rightwards) : !filled(r, c))
    );
    return [r, c];
  }

  move(downwards, rightwards, { toEdge = false, extend = false } = {}) {
    const [row, column] = toEdge
      ? this.edge(downwards, rightwards)
      : [this.row + downwards, this.column + rightwards];
    this.choose(row, column, { extend });
  }

  // Tab goes on in the next row; false at the end of the grid, which it leaves.
  tab(isBack) {
    const { width, height } = this.model;
    const place = this.row * width + this.column + (isBack ? -1 : 1);
    if (place < 0 || place >= height * width) {
      return false;
    }
    this.choose(Math.floor(place / width), place % width);
    return true;
  }
}
