// The grid: a table that is typed into, pasted into and copied from like a spreadsheet.
//
// What stands in the cells comes as JSON beside the table and with every answer of the server; a
// value that somebody gave stays "pending" beside it until the server says what became of it.
(() => {
  "use strict";

  const { parseBlock, writeBlock, plainNumber, localNumber, Unsaved } = window.portalGrid;

  const CELLS_AT_ONCE = 100;
  const ROWS_OF_A_PAGE = 10;
  const DETAIL_AFTER = 250;
  const SIGN_KEPT = "portal-grid-decimals";
  const LOCK_WORDS = {
    closed: "closed",
    computed: "computed",
    exempt: "not asked",
    rights: "",
    span: "not measured",
  };
  const LEFT_OPEN = ["unsaved", "question", "conflict", "refused"];

  function element(name, className, text) {
    const made = document.createElement(name);
    if (className) {
      made.className = className;
    }
    if (text !== undefined) {
      made.textContent = text;
    }
    return made;
  }

  function counted(number, noun) {
    return `${number} ${noun}${number === 1 ? "" : "s"}`;
  }

  // As the portal writes it, in the person's own time: 2026-11-22 05:06.
  function moment(milliseconds) {
    const at = new Date(milliseconds);
    const two = (number) => String(number).padStart(2, "0");
    const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
    return `${day} ${two(at.getHours())}:${two(at.getMinutes())}`;
  }

  class Sheet {
    constructor(root) {
      this.root = root;
      this.data = JSON.parse(document.getElementById(root.dataset.sheet).textContent);
      this.table = this.part("table");
      this.panel = this.part("panel");
      this.unsaved = new Unsaved(this.data.keep);
      this.width = this.data.columns.length;
      this.height = this.data.rows.length;
      this.row = 0;
      this.column = 0;
      this.anchor = { row: 0, column: 0 };
      this.waiting = [];
      this.isSending = false;
      this.undone = [];
      this.done = [];
      this.editor = null;
      this.isTabFree = false;
      this.sign = this.chosenSign();
      this.cells = this.data.rows.map((row, r) =>
        row.cells.map((stored, c) => ({
          r,
          c,
          stored,
          pending: null,
          isFresh: false,
          key: JSON.stringify([row.m, row.s, this.data.columns[c].label]),
          td: this.table.tBodies[0].rows[r].cells[c + 1],
        })),
      );
      this.build();
      this.listen();
      this.offerKept();
    }

    part(name) {
      return this.root.querySelector(`[data-sheet-${name}]`);
    }

    chosenSign() {
      try {
        const kept = window.localStorage.getItem(SIGN_KEPT);
        if (kept === "." || kept === ",") {
          return kept;
        }
      } catch {
        // Without storage it is the portal's.
      }
      return this.data.decimalSign;
    }

    // Building and showing

    build() {
      this.table.setAttribute("role", "grid");
      this.table.setAttribute("aria-multiselectable", "true");
      this.part("scroll").removeAttribute("tabindex");
      this.part("tools").hidden = false;
      this.panel.hidden = false;
      this.part("sign").value = this.sign;
      for (const row of this.table.tBodies[0].rows) {
        const link = row.cells[0].querySelector("a");
        if (link) {
          link.tabIndex = -1;
        }
      }
      for (const row of this.cells) {
        row.forEach((cell) => {
          cell.td.tabIndex = -1;
          this.show(cell);
        });
      }
      this.cells[0][0].td.tabIndex = 0;
      this.tellState();
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

    show(cell) {
      const { td, stored, pending } = cell;
      const isLocked = Boolean(stored.lock);
      const states = [
        ["is-locked", isLocked],
        ["is-due", !pending && Boolean(stored.due)],
        ["is-waiting", Boolean(stored.w)],
        ["has-note", Boolean(stored.n)],
        ["is-fresh", cell.isFresh && !pending],
        ["is-saving", pending?.state === "saving"],
        ["is-open", Boolean(pending) && LEFT_OPEN.includes(pending.state)],
        ["is-refused", pending?.state === "refused"],
      ];
      td.className = `sheet__cell ${states.filter(([, holds]) => holds).map(([name]) => name).join(" ")}`;
      td.setAttribute("aria-readonly", String(isLocked));
      if (pending && ["refused", "conflict"].includes(pending.state)) {
        td.setAttribute("aria-invalid", "true");
      } else {
        td.removeAttribute("aria-invalid");
      }
      const value = element("span", "sheet__value", this.shownText(cell));
      const side = element("span", "sheet__side");
      const before = this.before(cell);
      if (before && !isLocked && (stored.v === undefined || pending || !before.isNext)) {
        const earlier = this.badge(before, "sheet__before");
        earlier.append(element("span", "", this.local(before.t)));
        earlier.prepend(element("span", "visually-hidden", `${before.label}: `));
        side.append(earlier);
      }
      const word = this.word(cell);
      if (word) {
        side.append(element("span", "sheet__word", word));
      }
      if (!pending && stored.v !== undefined && stored.sc !== undefined) {
        const badge = this.badge(stored, "sheet__score");
        badge.append(element("span", "", stored.sc));
        side.append(badge);
      }
      td.replaceChildren(value, side);
      if (this.editor?.cell === cell) {
        td.append(this.editor.input);
      }
    }

    shownText({ stored, pending }) {
      if (pending) {
        return pending.isDeletion ? "delete" : pending.text;
      }
      if (stored.v !== undefined) {
        return this.local(stored.t);
      }
      return "";
    }

    // A number as the portal writes it ("1,234.5"), with the person's signs.
    local(text) {
      return this.sign === "," ? text.replace(/[.,]/g, (sign) => (sign === "." ? "," : ".")) : text;
    }

    word({ stored, pending, isFresh }) {
      if (pending) {
        return {
          saving: "saving\u2026",
          question: "right?",
          conflict: "changed meanwhile",
          refused: "refused",
          unsaved: "not saved",
        }[pending.state];
      }
      if (stored.w) {
        return "waiting for approval";
      }
      if (stored.lock && stored.v === undefined) {
        return LOCK_WORDS[stored.lock];
      }
      if (stored.none) {
        return "no value";
      }
      return stored.due ?? (isFresh ? "saved" : "");
    }

    badge({ b }, className) {
      const badge = element("span", `score-badge is-${b ?? "insufficient"} ${className}`);
      const band = this.data.bands[b];
      if (band) {
        const shape = element("span", "sheet__shape");
        // A constant of the portal's own.
        shape.innerHTML = `<svg class="band-shape" viewBox="0 0 10 10" fill="currentColor" aria-hidden="true">${band.shape}</svg>`;
        badge.append(shape, element("span", "visually-hidden", `${band.word} `));
      }
      return badge;
    }

    showRow(cell) {
      // The cells to the right may have another value before them now.
      this.cells[cell.r].slice(cell.c).forEach((each) => this.show(each));
      this.paint();
    }

    // Moving and choosing

    get cell() {
      return this.cells[this.row][this.column];
    }

    get chosen() {
      const rows = [this.anchor.row, this.row].sort((a, b) => a - b);
      const columns = [this.anchor.column, this.column].sort((a, b) => a - b);
      return { top: rows[0], bottom: rows[1], left: columns[0], right: columns[1] };
    }

    *chosenCells() {
      const { top, bottom, left, right } = this.chosen;
      for (let r = top; r <= bottom; r += 1) {
        for (let c = left; c <= right; c += 1) {
          yield this.cells[r][c];
        }
      }
    }

    choose(row, column, { extend = false, focus = true } = {}) {
      const old = this.cell;
      this.row = Math.max(0, Math.min(this.height - 1, row));
      this.column = Math.max(0, Math.min(this.width - 1, column));
      if (!extend) {
        this.anchor = { row: this.row, column: this.column };
      }
      old.td.tabIndex = -1;
      old.td.removeAttribute("aria-describedby");
      this.cell.td.tabIndex = 0;
      this.cell.td.setAttribute("aria-describedby", "sheet-words");
      this.isTabFree = false;
      this.paint();
      this.tellCell();
      if (focus) {
        this.cell.td.focus();
      }
    }

    paint() {
      for (const cell of this.painted ?? []) {
        cell.td.classList.remove("is-chosen", "is-active");
        cell.td.removeAttribute("aria-selected");
      }
      this.painted = [...this.chosenCells()];
      for (const cell of this.painted) {
        cell.td.classList.add("is-chosen");
        cell.td.setAttribute("aria-selected", "true");
      }
      this.cell.td.classList.add("is-active");
    }

    // With Ctrl: to the edge of a run of filled or blank cells, as spreadsheets do.
    edge(downwards, rightwards) {
      const filled = (r, c) => {
        const { stored, pending } = this.cells[r][c];
        return Boolean(pending) || stored.v !== undefined;
      };
      const inside = (r, c) => r >= 0 && c >= 0 && r < this.height && c < this.width;
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

    move(downwards, rightwards, event) {
      if (event?.ctrlKey || event?.metaKey) {
        const [row, column] = this.edge(downwards, rightwards);
        this.choose(row, column, { extend: event.shiftKey });
      } else {
        this.choose(this.row + downwards, this.column + rightwards, {
          extend: Boolean(event?.shiftKey) && event.key.startsWith("Arrow"),
        });
      }
    }

    // Tab goes on in the next row; false at the end of the grid, which it leaves.
    tab(isBack) {
      const place = this.row * this.width + this.column + (isBack ? -1 : 1);
      if (place < 0 || place >= this.height * this.width) {
        return false;
      }
      this.choose(Math.floor(place / this.width), place % this.width);
      return true;
    }

    // Typing

    edit(text, { isTyped = false } = {}) {
      const { cell } = this;
      if (cell.stored.lock) {
        this.say(cell.stored.why);
        return;
      }
      if (this.editor) {
        this.commit();
      }
      const input = element("input", "sheet__input");
      input.type = "text";
      input.autocomplete = "off";
      input.spellcheck = false;
      input.maxLength = 100;
      const mayBeNegative = this.cells[cell.r].some(({ stored }) => stored.v?.startsWith("-"));
      input.inputMode = mayBeNegative ? "text" : "decimal";
      const row = this.data.rows[cell.r];
      input.setAttribute("aria-label", `${row.name}, ${this.data.columns[cell.c].title}`);
      input.value = text ?? this.editText(cell);
      this.editor = { cell, input, isTyped, before: this.editText(cell), seen: this.seen(cell) };
      cell.td.append(input);
      input.focus();
      if (isTyped || text !== undefined) {
        input.setSelectionRange(input.value.length, input.value.length);
      } else {
        input.select();
      }
      input.addEventListener("blur", () => {
        if (this.editor?.input === input) {
          this.commit({ focus: false });
        }
      });
    }

    editText({ stored, pending }) {
      if (pending && !pending.isDeletion) {
        return pending.text;
      }
      return stored.v === undefined ? "" : localNumber(stored.v, this.sign);
    }

    seen({ stored, pending }) {
      if (pending?.seen !== undefined && pending.state !== "conflict") {
        return pending.seen;
      }
      return this.standing({ stored });
    }

    // What the server knows of a cell, as it is told back to it.
    standing({ stored }) {
      return stored.v === undefined ? null : { value: stored.v, at: stored.at };
    }

    closeEditor() {
      const { editor } = this;
      this.editor = null;
      editor.input.remove();
      return editor;
    }

    commit({ focus = true } = {}) {
      if (!this.editor) {
        return;
      }
      const { cell, input, before, seen } = this.closeEditor();
      const text = input.value.trim();
      if (focus) {
        cell.td.focus();
      }
      if (text === before.trim()) {
        return;
      }
      if (text === "") {
        // An emptied cell is a deletion, and that is asked about.
        if (cell.pending) {
          this.dropPending([cell]);
        }
        if (cell.stored.v !== undefined) {
          this.askToDelete([cell]);
        }
        return;
      }
      this.give([{ cell, text, seen }]);
    }

    cancel() {
      const { cell } = this.closeEditor();
      this.show(cell);
      this.paint();
      cell.td.focus();
    }

    // Giving values: all ways of changing a cell come here

    give(changes, { isConfirmed = false, note } = {}) {
      const step = { cells: [] };
      const open = [];
      for (const { cell, text, seen, ...rest } of changes) {
        const unit = this.data.rows[cell.r].unit;
        cell.pending = {
          text: rest.isDeletion ? "" : plainNumber(text, this.sign, unit),
          seen: seen === undefined ? this.seen(cell) : seen,
          note: rest.note ?? note ?? cell.pending?.note ?? cell.stored.n ?? "",
          isConfirmed: rest.isConfirmed ?? isConfirmed,
          isDeletion: Boolean(rest.isDeletion),
          state: "saving",
          sentence: "",
          step: rest.step ?? step,
        };
        cell.isFresh = false;
        open.push(cell);
      }
      this.keepUnsaved(open);
      open.forEach((cell) => this.show(cell));
      this.paint();
      this.waiting.push(...open);
      this.tellState();
      this.send();
    }

    keepUnsaved(cells) {
      const entries = {};
      for (const { key, r, c, pending } of cells) {
        if (pending && !pending.isDeletion) {
          entries[key] = {
            text: pending.text,
            note: pending.note,
            seen: pending.seen,
            sign: this.sign,
            at: Date.now(),
            where: `${window.location.pathname}${window.location.search}`,
            title: `${this.data.title}: ${this.data.rows[r].name}, ${this.data.columns[c].title}`,
          };
        }
      }
      this.unsaved.keep(entries);
    }

    dropPending(cells) {
      cells.forEach((cell) => {
        cell.pending = null;
        this.show(cell);
      });
      this.unsaved.drop(cells.map((cell) => cell.key));
      this.paint();
      this.tellState();
      this.tellCell();
    }

    async send() {
      if (this.isSending) {
        return;
      }
      this.isSending = true;
      while (this.waiting.length > 0) {
        const cells = [...new Set(this.waiting.splice(0, Math.min(CELLS_AT_ONCE, this.data.mostCells)))].filter(
          (cell) => cell.pending?.state === "saving",
        );
        if (cells.length > 0) {
          await this.sendSome(cells.map((cell) => ({ cell, pending: cell.pending })));
        }
      }
      this.isSending = false;
      this.tellState();
      this.tellCell();
    }

    async sendSome(sent) {
      let answers;
      try {
        answers = await this.post(sent);
      } catch (error) {
        for (const { cell, pending } of sent) {
          pending.state = "unsaved";
          pending.sentence = error.message;
          this.show(cell);
        }
        this.paint();
        this.say(error.message);
        return;
      }
      const rows = new Set();
      answers.forEach((answer, place) => {
        this.take(sent[place], answer);
        rows.add(sent[place].cell.r);
      });
      for (const r of rows) {
        this.cells[r].forEach((cell) => this.show(cell));
      }
      this.paint();
      this.showMissing();
      this.tellOutcomes(answers, sent);
    }

    // Signing in again, in another tab, changes the token; the cookie has the one that is valid.
    get token() {
      const cookie = document.cookie.split("; ").find((each) => each.startsWith("csrftoken="));
      return cookie
        ? decodeURIComponent(cookie.slice("csrftoken=".length))
        : this.root.querySelector("[name=csrfmiddlewaretoken]").value;
    }

    async post(sent) {
      const cells = sent.map(({ cell, pending }) => ({
        metric: this.data.rows[cell.r].m,
        subject: this.data.rows[cell.r].s,
        period: this.data.columns[cell.c].label,
        value: pending.text,
        note: pending.note,
        seen: pending.seen,
        confirmed: pending.isConfirmed,
        delete: pending.isDeletion,
      }));
      let response;
      try {
        response = await fetch(this.data.cellsUrl, {
          method: "POST",
          headers: { "Content-Type": "application/json", "X-CSRFToken": this.token },
          body: JSON.stringify({ decimalSign: this.sign, cells }),
          redirect: "manual",
        });
      } catch {
        throw new Error("The server can't be reached.");
      }
      if (response.type === "opaqueredirect" || response.status === 403) {
        throw new Error("You may not do this, or your session has ended: sign in in another tab, then save again.");
      }
      if (!response.ok) {
        const told = await response.json().catch(() => ({}));
        throw new Error(told.error ?? `The server could not answer (${response.status}).`);
      }
      return (await response.json()).cells;
    }

    // What became of one cell.
    take({ cell, pending }, answer) {
      const was = cell.stored;
      if (answer.cell) {
        cell.stored = answer.cell;
      }
      const isNewer = cell.pending !== pending;
      if (["created", "changed", "draft", "deleted", "same"].includes(answer.outcome)) {
        if (answer.outcome !== "same") {
          pending.step.cells.push({ cell, before: was, after: cell.stored });
          this.record(pending.step);
        }
        cell.isFresh = answer.outcome !== "deleted";
        if (isNewer) {
          if (cell.pending) {
            // Typed over meanwhile: what was seen is what we ourselves have just saved.
            cell.pending.seen = this.standing(cell);
          }
        } else {
          cell.pending = null;
          this.unsaved.drop([cell.key]);
        }
      } else if (!isNewer) {
        Object.assign(pending, {
          state: answer.outcome,
          sentence: this.withHint(answer, pending.text),
          code: answer.code ?? "",
          theirs: answer.words ?? "",
        });
      }
    }

    withHint({ sentence = "", code }, text) {
      const other = this.sign === "." ? "," : ".";
      return code === "number" && text.includes(other)
        ? `${sentence} If your decimals have a ${other === "," ? "comma" : "point"}, choose that above.`
        : sentence;
    }

    record(step) {
      if (step.undoes) {
        const [from, to] = step.isRedo ? [this.undone, this.done] : [this.done, this.undone];
        const place = from.indexOf(step.undoes);
        if (place >= 0) {
          from.splice(place, 1);
        }
        if (!to.includes(step)) {
          to.push(step);
        }
        return;
      }
      if (!this.done.includes(step)) {
        this.done.push(step);
        this.undone = [];
      }
    }

    // Undo and redo are changes of their own: values are sent again with what was there before.

    undo() {
      if (this.cell.pending && this.cell.pending.state !== "saving") {
        this.dropPending([this.cell]);
        this.say("What was typed and not saved is gone.");
        return;
      }
      this.goBack(this.done.at(-1), { isRedo: false });
    }

    redo() {
      this.goBack(this.undone.at(-1), { isRedo: true });
    }

    goBack(step, { isRedo }) {
      if (!step || this.isSending) {
        this.say(step ? "Wait until everything is saved." : isRedo ? "Nothing to redo." : "Nothing to undo.");
        return;
      }
      const back = { cells: [], undoes: step, isRedo };
      const changes = step.cells.map(({ cell, before }) =>
        before.v === undefined
          ? { cell, text: "", isDeletion: true, isConfirmed: true, step: back }
          : {
              cell,
              text: localNumber(before.v, this.sign),
              note: before.n ?? "",
              isConfirmed: true,
              step: back,
            },
      );
      // A cell may have been changed twice in one step: what was there first counts.
      const unique = changes
        .filter(({ cell }, place) => changes.findIndex((each) => each.cell === cell) === place)
        .map((change) => ({ ...change, seen: this.standing(change.cell) }));
      this.choose(unique[0].cell.r, unique[0].cell.c);
      this.give(unique);
    }

    // Pasting and copying

    paste(text) {
      const block = parseBlock(text);
      if (block.length === 0 || (block.length === 1 && block[0].length === 1 && block[0][0].trim() === "")) {
        this.say("There is nothing to paste.");
        return;
      }
      const placed = this.placed(block);
      const changes = [];
      let blank = 0;
      const locked = [];
      let lost = 0;
      for (const { row, column, text: given } of placed) {
        const cell = this.cells[row]?.[column];
        if (!cell) {
          lost += given.trim() === "" ? 0 : 1;
        } else if (given.trim() === "") {
          blank += 1;
        } else if (cell.stored.lock) {
          locked.push(cell);
        } else {
          changes.push({ cell, text: given });
        }
      }
      const told = [];
      if (locked.length > 0) {
        told.push(`${counted(locked.length, "cell")} can't be changed and stayed (${locked[0].stored.why})`);
      }
      if (blank > 0) {
        told.push(`${counted(blank, "blank cell")} left what was there`);
      }
      if (lost > 0) {
        told.push(`${counted(lost, "value")} reached beyond the grid`);
      }
      this.pasteTold = told.length > 0 ? ` ${told.join("; ")}.` : "";
      if (changes.length === 0) {
        this.say(`Nothing was pasted.${this.pasteTold}`);
        return;
      }
      this.say(`Saving ${counted(changes.length, "value")}.`);
      this.give(changes);
    }

    // Where the cells of a block go: side by side from the chosen cell on. A single value fills all
    // that is chosen; a block whose first column names the rows finds them, in whatever order.
    placed(block) {
      const { top, bottom, left, right } = this.chosen;
      if (block.length === 1 && block[0].length === 1) {
        return [...this.chosenCells()].map(({ r, c }) => ({ row: r, column: c, text: block[0][0] }));
      }
      const named = this.namedRows(block);
      if (named) {
        this.chosenBlock(top, left, top, left);
        const columns = this.namedColumns(named.heading);
        return named.rows.flatMap(({ row, cells }) =>
          cells.map((text, c) => ({ row, column: columns ? columns[c] : left + c, text })),
        );
      }
      const widest = Math.max(...block.map((row) => row.length));
      // One line copied, several chosen: each of them gets it.
      const isLine = block.length === 1 && bottom > top;
      const lines = isLine ? Array.from({ length: bottom - top + 1 }, () => block[0]) : block;
      this.chosenBlock(top, left, top + lines.length - 1, Math.max(left + widest - 1, isLine ? right : 0));
      return lines.flatMap((row, r) => row.map((text, c) => ({ row: top + r, column: left + c, text })));
    }

    chosenBlock(top, left, bottom, right) {
      this.row = Math.min(bottom, this.height - 1);
      this.column = Math.min(right, this.width - 1);
      const end = { row: this.row, column: this.column };
      this.choose(top, left);
      this.anchor = { row: end.row, column: end.column };
      this.paint();
    }

    namedRows(block) {
      if (block.some((row) => row.length < 2)) {
        return null;
      }
      const places = new Map();
      this.data.rows.forEach((row, place) => {
        const code = this.table.tBodies[0].rows[place].cells[0].querySelector("a").textContent.trim();
        for (const name of [row.name, row.s, row.m, code]) {
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
        return this.data.columns.findIndex(
          ({ label, title }) => label.toLowerCase() === wanted || title.toLowerCase() === wanted,
        );
      });
      return columns.some((place) => place >= 0) ? columns : null;
    }

    copied() {
      const { top, bottom, left, right } = this.chosen;
      const rows = [];
      for (let r = top; r <= bottom; r += 1) {
        rows.push(this.cells[r].slice(left, right + 1).map((cell) => this.editText(cell)));
      }
      return writeBlock(rows);
    }

    fillDown() {
      const { top, bottom, left, right } = this.chosen;
      const changes = [];
      for (let c = left; c <= right; c += 1) {
        const text = this.editText(this.cells[top][c]);
        for (let r = top + 1; r <= bottom && text !== ""; r += 1) {
          if (!this.cells[r][c].stored.lock) {
            changes.push({ cell: this.cells[r][c], text });
          }
        }
      }
      if (changes.length > 0) {
        this.give(changes);
      }
    }

    // Deleting

    deleteChosen() {
      const chosen = [...this.chosenCells()];
      const typed = chosen.filter((cell) => cell.pending && cell.pending.state !== "saving");
      if (typed.length > 0) {
        this.dropPending(typed);
        this.say("What was typed and not saved is gone.");
        return;
      }
      const locked = chosen.find((cell) => cell.stored.lock && cell.stored.v !== undefined);
      const stored = chosen.filter((cell) => cell.stored.v !== undefined && !cell.stored.lock);
      if (stored.length > 0) {
        this.askToDelete(stored);
      } else {
        this.say(locked ? locked.stored.why : "There is nothing to delete.");
      }
    }

    askToDelete(cells) {
      const dialog = this.part("dialog");
      this.toDelete = cells;
      const [first] = cells;
      const where = `${this.data.rows[first.r].name}, ${this.data.columns[first.c].title}`;
      this.part("dialog-title").textContent =
        cells.length === 1 ? `Delete ${this.shownText(first)}?` : `Delete ${counted(cells.length, "value")}?`;
      this.part("dialog-words").textContent =
        `${cells.length === 1 ? `${where}. ` : ""}The period counts as missing then. What was there stays in the history, and can be restored from it.`;
      dialog.showModal();
      this.part("keep").focus();
    }

    // What is asked about a cell, and its answers

    answer(isYes) {
      const { cell } = this;
      const { pending } = cell;
      if (!pending) {
        return;
      }
      if (pending.state === "question") {
        if (isYes) {
          this.give([{ cell, text: pending.text, isConfirmed: true }]);
        } else {
          this.edit();
          return;
        }
      } else if (pending.state === "conflict") {
        if (isYes) {
          this.dropPending([cell]);
          this.say(`Kept ${this.shownText(cell) || "it without a value"}.`);
        } else {
          this.give([
            { cell, text: pending.text, isConfirmed: pending.isConfirmed, isDeletion: pending.isDeletion },
          ]);
        }
      } else if (isYes) {
        this.give([{ cell, text: pending.text, isConfirmed: pending.isConfirmed, isDeletion: pending.isDeletion, seen: pending.seen }]);
      } else {
        this.dropPending([cell]);
      }
      cell.td.focus();
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

    confirmAll() {
      const cells = [...this.withPending("question")];
      this.give(cells.map((cell) => ({ cell, text: cell.pending.text })), { isConfirmed: true });
      this.cell.td.focus();
    }

    saveAgain() {
      const cells = [...this.withPending("unsaved")];
      this.give(
        cells.map((cell) => ({
          cell,
          text: cell.pending.text,
          seen: cell.pending.seen,
          isConfirmed: cell.pending.isConfirmed,
          isDeletion: cell.pending.isDeletion,
        })),
      );
      this.cell.td.focus();
    }

    showNext() {
      const open = [...this.withPending(...LEFT_OPEN)];
      const here = this.row * this.width + this.column;
      const next = open.find((cell) => cell.r * this.width + cell.c > here) ?? open[0];
      if (next) {
        this.choose(next.r, next.c);
      }
    }

    // Telling

    say(words) {
      this.part("state").textContent = words;
    }

    tellOutcomes(answers, sent) {
      const number = (outcome) => answers.filter((answer) => answer.outcome === outcome).length;
      const saved = number("created") + number("changed");
      const told = [];
      if (saved > 0) {
        told.push(`${saved} saved`);
      }
      for (const [outcome, words] of [
        ["deleted", "deleted"],
        ["draft", "waiting for approval"],
        ["same", "unchanged"],
        ["question", "questioned"],
        ["conflict", "changed by somebody else meanwhile"],
        ["refused", "refused"],
      ]) {
        if (number(outcome) > 0) {
          told.push(`${number(outcome)} ${words}`);
        }
      }
      const place = answers.findIndex((answer) => answer.sentence);
      const first = place < 0 ? "" : ` ${answers[place].sentence}`;
      this.say(`${told.join(", ")}.${first}${this.pasteTold ?? ""}`);
      this.pasteTold = "";
      const why = answers.findIndex((answer) => answer.code === "why_red");
      if (why >= 0) {
        const { cell } = sent[why];
        this.choose(cell.r, cell.c, { focus: false });
        this.root.querySelector("#sheet-note").focus();
      }
    }

    tellState() {
      const number = (...states) => [...this.withPending(...states)].length;
      const [saving, questions, unsaved] = [number("saving"), number("question"), number("unsaved")];
      const open = number(...LEFT_OPEN);
      this.root.dataset.sheetSaving = String(saving);
      this.root.dataset.sheetOpen = String(open);
      this.part("confirm").hidden = questions === 0;
      this.part("confirm").textContent = questions === 1 ? "Store it as it is" : `Store all ${questions} as they are`;
      this.part("save").hidden = unsaved === 0;
      this.part("save").textContent = `Save ${counted(unsaved, "value")}`;
      this.part("next").hidden = open === 0;
      this.part("next").textContent = `Show the next of ${open}`;
      this.part("undo").disabled = this.done.length === 0;
      this.part("redo").disabled = this.undone.length === 0;
    }

    showMissing() {
      [...this.root.querySelectorAll("[data-sheet-missing]")].forEach((place, c) => {
        if (/missing|all there/.test(place.textContent)) {
          const missing = this.cells.filter((row) => row[c].stored.due).length;
          place.textContent = missing > 0 ? `${missing} missing` : "all there";
        }
      });
    }

    // The panel: the chosen cell in words, what is asked about it, its note, and what came before.
    tellCell() {
      const { cell } = this;
      const { stored, pending } = cell;
      const row = this.data.rows[cell.r];
      this.part("where").textContent = `${row.name}, ${this.data.columns[cell.c].title}`;
      this.part("words").textContent = this.sentence(cell);
      const answers = {
        question: ["Store it as it is", "Correct it"],
        conflict: [
          stored.v === undefined ? "Leave it without a value" : `Keep ${this.shownText({ stored })}`,
          pending?.isDeletion ? "Delete it all the same" : `Put mine, ${pending?.text}`,
        ],
        refused: ["Try again", "Drop it"],
        unsaved: ["Save it", "Drop it"],
      }[pending?.state];
      this.part("answers").hidden = !answers;
      if (answers) {
        [this.part("yes").textContent, this.part("no").textContent] = answers;
      }
      const note = this.root.querySelector("#sheet-note");
      this.part("note").hidden = Boolean(stored.lock) || (stored.v === undefined && !pending);
      if (document.activeElement !== note) {
        note.value = pending?.note || stored.n || "";
      }
      this.askForDetail(cell);
    }

    sentence(cell) {
      const { stored, pending } = cell;
      const { unit } = this.data.rows[cell.r];
      const withUnit = (text) => (unit ? `${text}${unit.startsWith("%") ? "" : " "}${unit}` : text);
      if (pending) {
        const typed = pending.isDeletion ? "To be deleted." : `${withUnit(pending.text)}:`;
        const words = { saving: "being saved.", unsaved: "not saved." }[pending.state] ?? "";
        return [typed, words, pending.sentence].filter(Boolean).join(" ");
      }
      const told = [];
      if (stored.v !== undefined) {
        const band = this.data.bands[stored.b];
        told.push(
          stored.sc === undefined
            ? `${withUnit(this.shownText(cell))}.`
            : `${withUnit(this.shownText(cell))} scores ${stored.sc}, ${band.word.toLowerCase()}.`,
        );
        if (stored.w) {
          told.push(`Waiting for approval, given by ${stored.by}.`);
        }
      } else if (stored.none) {
        told.push(`No value this period: ${stored.none}`);
      } else if (stored.due) {
        told.push(stored.due === "overdue" ? "Missing, and overdue." : "Missing.");
      } else if (!stored.lock) {
        told.push("No value.");
      }
      const before = this.before(cell);
      if (before && stored.v === undefined) {
        told.push(`Before it, in ${before.label}: ${withUnit(this.local(before.t))}${before.sc ? `, score ${before.sc}` : ""}.`);
      }
      if (stored.lock) {
        told.push(`Read-only: ${stored.why}`);
        if (stored.n) {
          told.push(`Note: ${stored.n}`);
        }
      }
      return told.join(" ");
    }

    askForDetail(cell) {
      window.clearTimeout(this.detailTimer);
      const wanted = `${cell.key}|${cell.stored.at ?? ""}`;
      if (this.shownDetail === wanted) {
        return;
      }
      this.detailTimer = window.setTimeout(async () => {
        const row = this.data.rows[cell.r];
        const query = new URLSearchParams({
          metric: row.m,
          subject: row.s,
          period: this.data.columns[cell.c].label,
          next: `${window.location.pathname}${window.location.search}`,
        });
        const place = this.part("detail");
        try {
          const response = await fetch(`${this.data.cellUrl}?${query}`, { redirect: "manual" });
          const text = response.ok ? await response.text() : "";
          if (this.cell === cell) {
            const parsed = new DOMParser().parseFromString(text, "text/html");
            place.replaceChildren(...parsed.body.childNodes);
            this.shownDetail = response.ok ? wanted : "";
          }
        } catch {
          place.replaceChildren();
          this.shownDetail = "";
        }
      }, DETAIL_AFTER);
    }

    saveNote() {
      const { cell } = this;
      const note = this.root.querySelector("#sheet-note").value.trim();
      const text = this.editText(cell);
      if (text === "") {
        this.say("A note belongs to a value; type the value first.");
        return;
      }
      const isConfirmed = cell.pending ? cell.pending.isConfirmed : true;
      cell.td.focus();
      this.give([{ cell, text, note, isConfirmed, seen: this.seen(cell) }]);
    }

    // What was not saved when the page was left

    keptHere() {
      const kept = this.unsaved.all();
      const known = new Map(this.cells.flat().map((cell) => [cell.key, cell]));
      const here = [];
      const elsewhere = [];
      for (const [key, entry] of Object.entries(kept)) {
        if (typeof entry?.text === "string") {
          (known.has(key) ? here : elsewhere).push({ key, entry, cell: known.get(key) });
        }
      }
      return { here, elsewhere };
    }

    offerKept() {
      const { here, elsewhere } = this.keptHere();
      const words = this.part("kept-words");
      words.replaceChildren();
      this.part("kept").hidden = here.length + elsewhere.length === 0;
      this.part("put-back").hidden = here.length === 0;
      if (here.length > 0) {
        const last = moment(Math.max(...here.map(({ entry }) => entry.at)));
        const were = here.length === 1 ? "was" : "were";
        words.append(`${counted(here.length, "value")} typed here until ${last} ${were} not saved. `);
      }
      const addresses = new Map(elsewhere.map(({ entry }) => [entry.where, entry.title]));
      if (elsewhere.length > 0) {
        words.append(`${counted(elsewhere.length, "unsaved value")} on other grids: `);
        for (const [where, title] of addresses) {
          if (typeof where === "string" && /^\/(?!\/)/.test(where)) {
            const link = element("a", "", title);
            link.href = where;
            words.append(link, " ");
          }
        }
      }
    }

    putBack() {
      const { here } = this.keptHere();
      for (const { entry, cell } of here) {
        cell.pending = {
          text: entry.sign === this.sign ? entry.text : localNumber(entry.text.replace(",", "."), this.sign),
          note: entry.note ?? "",
          seen: entry.seen ?? null,
          isConfirmed: false,
          isDeletion: false,
          state: "unsaved",
          sentence: "",
          step: { cells: [] },
        };
        this.show(cell);
      }
      this.part("kept").hidden = true;
      this.tellState();
      if (here.length > 0) {
        this.choose(here[0].cell.r, here[0].cell.c);
      }
      this.say(`${counted(here.length, "value")} put back. Look at them, then save.`);
    }

    discardKept() {
      const { here, elsewhere } = this.keptHere();
      this.unsaved.drop([...here, ...elsewhere].map(({ key }) => key));
      this.part("kept").hidden = true;
      this.say("What was not saved is gone.");
      this.cell.td.focus();
    }

    // Listening

    listen() {
      this.table.addEventListener("keydown", (event) => this.onKey(event));
      this.table.addEventListener("mousedown", (event) => this.onMouse(event));
      this.table.addEventListener("dblclick", (event) => {
        if (this.cellOf(event.target) && !this.editor) {
          event.preventDefault();
          this.edit();
        }
      });
      this.table.addEventListener("focusin", (event) => {
        const cell = this.cellOf(event.target);
        if (cell && event.target === cell.td && cell !== this.cell) {
          this.choose(cell.r, cell.c, { focus: false });
        }
      });
      document.addEventListener("copy", (event) => this.onCopy(event));
      document.addEventListener("cut", (event) => this.onCopy(event));
      document.addEventListener("paste", (event) => {
        if (this.hasFocus()) {
          event.preventDefault();
          this.paste(event.clipboardData.getData("text/plain"));
        }
      });
      for (const [name, act] of [
        ["undo", () => this.undo()],
        ["redo", () => this.redo()],
        ["confirm", () => this.confirmAll()],
        ["save", () => this.saveAgain()],
        ["next", () => this.showNext()],
        ["yes", () => this.answer(true)],
        ["no", () => this.answer(false)],
        ["put-back", () => this.putBack()],
        ["discard", () => this.discardKept()],
        ["keep", () => this.part("dialog").close()],
        ["delete", () => this.deleteNow()],
      ]) {
        this.part(name).addEventListener("click", act);
      }
      this.part("dialog").addEventListener("close", () => this.cell.td.focus());
      this.part("note").addEventListener("submit", (event) => {
        event.preventDefault();
        this.saveNote();
      });
      this.part("sign").addEventListener("change", (event) => this.changeSign(event.target.value));
      this.panel.addEventListener("keydown", (event) => {
        if (event.key === "F6" || event.key === "Escape") {
          event.preventDefault();
          this.cell.td.focus();
        }
      });
      window.addEventListener("beforeunload", (event) => {
        if (this.editor) {
          const { cell, input } = this.editor;
          if (input.value.trim() !== this.editor.before.trim() && input.value.trim() !== "") {
            cell.pending = { ...this.blankPending(), text: input.value.trim(), seen: this.editor.seen };
            this.keepUnsaved([cell]);
            cell.pending = null;
            event.preventDefault();
          }
        }
        if ([...this.withPending("saving", ...LEFT_OPEN)].length > 0) {
          event.preventDefault();
        }
      });
    }

    blankPending() {
      return { note: "", isConfirmed: false, isDeletion: false, state: "unsaved", sentence: "", step: { cells: [] } };
    }

    deleteNow() {
      const cells = this.toDelete;
      this.part("dialog").close();
      this.give(cells.map((cell) => ({ cell, text: "", isDeletion: true, isConfirmed: true })));
    }

    changeSign(sign) {
      for (const cell of this.withPending(...LEFT_OPEN)) {
        // What was refused for its sign is meant as it stands.
        cell.pending.text = cell.pending.code === "number" ? cell.pending.text : cell.pending.text.replace(this.sign, sign);
      }
      this.sign = sign;
      try {
        window.localStorage.setItem(SIGN_KEPT, sign);
      } catch {
        // It holds for this page, then.
      }
      this.cells.flat().forEach((cell) => this.show(cell));
      this.paint();
    }

    cellOf(target) {
      const td = target.closest?.("td");
      if (!td || !this.table.contains(td)) {
        return null;
      }
      return this.cells[td.parentElement.sectionRowIndex]?.[td.cellIndex - 1] ?? null;
    }

    hasFocus() {
      return !this.editor && Boolean(this.cellOf(document.activeElement));
    }

    onCopy(event) {
      if (this.hasFocus()) {
        event.preventDefault();
        event.clipboardData.setData("text/plain", this.copied());
        this.say(`${counted([...this.chosenCells()].length, "cell")} copied.`);
      }
    }

    onMouse(event) {
      const cell = this.cellOf(event.target);
      if (!cell || event.button !== 0 || event.target === this.editor?.input) {
        return;
      }
      event.preventDefault();
      const isAgain = cell === this.cell && document.activeElement === cell.td;
      if (this.editor) {
        this.commit({ focus: false });
      }
      this.choose(cell.r, cell.c, { extend: event.shiftKey });
      if (isAgain && window.matchMedia("(pointer: coarse)").matches) {
        // Fingers have no keys to begin with: a second tap opens the cell.
        this.edit();
        return;
      }
      const drag = (moved) => {
        const over = this.cellOf(moved.target);
        if (over && over !== this.cell) {
          this.choose(over.r, over.c, { extend: true, focus: false });
        }
      };
      this.table.addEventListener("mousemove", drag);
      window.addEventListener(
        "mouseup",
        () => {
          this.table.removeEventListener("mousemove", drag);
        },
        { once: true },
      );
    }

    onKey(event) {
      if (event.isComposing) {
        return;
      }
      if (this.editor) {
        this.onKeyWhileTyping(event);
        return;
      }
      const link = event.target.closest("th a");
      if (link) {
        if (event.key === "ArrowRight") {
          event.preventDefault();
          this.cell.td.focus();
        }
        return;
      }
      if (this.cellOf(event.target) && this.act(event)) {
        event.preventDefault();
      }
    }

    // Whether the key meant something here.
    act(event) {
      const isControl = event.ctrlKey || event.metaKey;
      const { key } = event;
      switch (key) {
        case "ArrowUp":
          return this.move(-1, 0, event) ?? true;
        case "ArrowDown":
          return this.move(1, 0, event) ?? true;
        case "ArrowLeft":
          if (this.column === 0 && !event.shiftKey && !isControl) {
            this.table.tBodies[0].rows[this.row].cells[0].querySelector("a")?.focus();
            return true;
          }
          return this.move(0, -1, event) ?? true;
        case "ArrowRight":
          return this.move(0, 1, event) ?? true;
        case "PageUp":
          return this.choose(this.row - ROWS_OF_A_PAGE, this.column, { extend: event.shiftKey }) ?? true;
        case "PageDown":
          return this.choose(this.row + ROWS_OF_A_PAGE, this.column, { extend: event.shiftKey }) ?? true;
        case "Home":
          return this.choose(isControl ? 0 : this.row, 0, { extend: event.shiftKey }) ?? true;
        case "End":
          return (
            this.choose(isControl ? this.height - 1 : this.row, this.width - 1, { extend: event.shiftKey }) ?? true
          );
        case "Tab":
          return this.isTabFree ? false : this.tab(event.shiftKey);
        case "Enter":
          if (isControl) {
            const questioned = [...this.chosenCells()].filter((cell) => cell.pending?.state === "question");
            if (questioned.length > 0) {
              this.give(questioned.map((cell) => ({ cell, text: cell.pending.text })), { isConfirmed: true });
            }
            return true;
          }
          return this.move(event.shiftKey ? -1 : 1, 0) ?? true;
        case "F2":
          return this.edit() ?? true;
        case "F6":
          (this.part("answers").hidden ? this.part("where") : this.part("yes")).focus();
          return true;
        case "Escape":
          this.choose(this.row, this.column);
          this.isTabFree = true;
          return true;
        case "Delete":
          return this.deleteChosen() ?? true;
        case "Backspace":
          return this.edit("", { isTyped: true }) ?? true;
        default:
      }
      if (isControl && !event.altKey) {
        switch (key.toLowerCase()) {
          case "z":
            return (event.shiftKey ? this.redo() : this.undo()) ?? true;
          case "y":
            return this.redo() ?? true;
          case "d":
            return this.fillDown() ?? true;
          case "a":
            this.chosenBlock(0, 0, this.height - 1, this.width - 1);
            return true;
          default:
            return false;
        }
      }
      if (key.length === 1 && !isControl && !event.altKey && key !== " ") {
        this.edit(key, { isTyped: true });
        return true;
      }
      return false;
    }

    onKeyWhileTyping(event) {
      const { isTyped } = this.editor;
      const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
      if (event.key === "Escape") {
        event.preventDefault();
        this.cancel();
      } else if (event.key === "Enter") {
        event.preventDefault();
        this.commit();
        this.goOn(event.shiftKey ? -1 : 1, 0);
      } else if (event.key === "Tab") {
        event.preventDefault();
        this.commit();
        if (!this.part("dialog").open) {
          this.tab(event.shiftKey);
        }
      } else if (isTyped && steps[event.key] && !event.shiftKey) {
        event.preventDefault();
        this.commit();
        this.goOn(...steps[event.key]);
      }
    }

    goOn(downwards, rightwards) {
      // Not away from a question that has just come up.
      if (!this.part("dialog").open) {
        this.choose(this.row + downwards, this.column + rightwards);
      }
    }
  }

  document.querySelectorAll("[data-sheet]").forEach((root) => {
    root.portalSheet = new Sheet(root);
  });
})();
