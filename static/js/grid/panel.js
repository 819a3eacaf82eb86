// The panel: the chosen cell in words, what is asked about it, its note, and what came before.
import { since, told } from "./words.js";

const DETAIL_AFTER = 250;

export class Panel {
  constructor(sheet) {
    this.sheet = sheet;
    this.model = sheet.model;
    this.note = sheet.root.querySelector("#sheet-note");
    this.shownDetail = "";
    sheet.part("yes").addEventListener("click", () => this.answer(true));
    sheet.part("no").addEventListener("click", () => this.answer(false));
    sheet.part("note").addEventListener("submit", (event) => {
      event.preventDefault();
      this.saveNote();
    });
    this.note.addEventListener("input", () => this.writeNote());
    sheet.part("panel").addEventListener("keydown", (event) => {
      if (event.key === "F6" || event.key === "Escape") {
        event.preventDefault();
        sheet.selection.focus();
      }
    });
  }

  get cell() {
    return this.sheet.selection.cell;
  }

  focus() {
    this.sheet.part(this.sheet.part("answers").hidden ? "where" : "yes").focus();
  }

  focusNote() {
    this.note.focus();
  }

  tell() {
    const { cell } = this;
    this.sheet.part("where").textContent = this.model.name(cell);
    this.sheet.part("words").textContent = this.sentence(cell);
    const answers = this.answers(cell);
    this.sheet.part("answers").hidden = !answers;
    if (answers) {
      [this.sheet.part("yes").textContent, this.sheet.part("no").textContent] = answers;
    }
    this.sheet.part("note").hidden = Boolean(cell.stored.lock);
    if (document.activeElement !== this.note || this.notedCell !== cell) {
      this.note.value = cell.draftNote?.text ?? this.model.knownNote(cell);
      this.notedCell = cell;
    }
    this.askForDetail(cell);
  }

  answers({ stored, pending }) {
    switch (pending?.state) {
      case "question":
        return [told("storeAsIs"), told("correctIt")];
      case "conflict":
        return [
          stored.v === undefined
            ? told("leaveEmpty")
            : told("keepValue", { value: this.model.shownText({ stored }) }),
          pending.isDeletion ? told("deleteAnyway") : told("putMine", { value: pending.text }),
        ];
      case "refused":
        return [told("tryAgain"), told("dropIt")];
      case "unsaved":
        return [told("saveIt"), told("dropIt")];
      default:
        return null;
    }
  }

  answer(isYes) {
    const { cell } = this;
    const { pending } = cell;
    if (!pending) {
      return;
    }
    const { saving, editor, selection } = this.sheet;
    if (pending.state === "question" && !isYes) {
      editor.open();
      return;
    }
    if (pending.state === "question") {
      saving.confirm([cell]);
    } else if (pending.state === "conflict" && isYes) {
      saving.drop([cell]);
      const value = this.model.shownText(cell);
      this.sheet.say(value ? told("keptValue", { value }) : told("keptEmpty"));
    } else if (pending.state === "conflict" || isYes) {
      saving.give([saving.again(cell)]);
    } else {
      saving.drop([cell]);
    }
    selection.focus();
  }

  // The sentence about a cell

  sentence(cell) {
    const parts = cell.pending ? this.pendingWords(cell) : this.storedWords(cell);
    if (cell.news) {
      parts.push(this.newsWords(cell));
    }
    if (cell.draftNote && !cell.pending) {
      parts.push(told("noteIsNotSaved"));
    }
    return parts.join(" ");
  }

  withUnit(cell, text) {
    const { unit } = this.model.row(cell);
    return unit ? `${text}${unit.startsWith("%") ? "" : " "}${unit}` : text;
  }

  pendingWords(cell) {
    const { pending } = cell;
    const typed = pending.isDeletion ? told("toBeDeleted") : `${this.withUnit(cell, pending.text)}:`;
    const words = { saving: told("beingSaved"), unsaved: told("isNotSaved") }[pending.state];
    return [typed, words, pending.sentence].filter(Boolean);
  }

  storedWords(cell) {
    const { stored } = cell;
    const parts = [];
    if (stored.v !== undefined) {
      const value = this.withUnit(cell, this.model.shownText(cell));
      const band = this.model.data.bands[stored.b];
      parts.push(
        stored.sc === undefined
          ? `${value}.`
          : told("scores", { value, score: stored.sc, band: band.word.toLowerCase() }),
      );
      if (stored.w) {
        parts.push(told("waitsGivenBy", { who: stored.by }));
      }
    } else if (stored.none) {
      parts.push(told("noValueThisPeriod", { why: stored.none }));
    } else if (stored.due) {
      parts.push(told(stored.due === "overdue" ? "isOverdue" : "isMissing"));
    } else if (!stored.lock) {
      parts.push(told("isEmpty"));
    }
    const before = this.model.before(cell);
    if (before && stored.v === undefined) {
      const value = this.withUnit(cell, this.model.local(before.t));
      const words = { period: before.label, value, score: before.sc };
      parts.push(told(before.sc ? "beforeScored" : "before", words));
    }
    if (stored.lock) {
      parts.push(told("readOnly", { why: stored.why }));
      if (stored.n) {
        parts.push(told("note", { note: stored.n }));
      }
    }
    return parts;
  }

  newsWords({ news }) {
    const local = (text) => (text === "" ? told("noValue") : this.model.local(text));
    return told("newsOfThis", {
      who: news.by,
      when: since(news.at),
      from: local(news.from),
      to: local(news.to),
    });
  }

  // What came before the cell, from the server, once somebody stays on it

  askForDetail(cell) {
    window.clearTimeout(this.timer);
    const wanted = `${cell.key}|${cell.stored.at ?? ""}`;
    if (this.shownDetail !== wanted) {
      this.timer = window.setTimeout(() => this.fetchDetail(cell, wanted), DETAIL_AFTER);
    }
  }

  async fetchDetail(cell, wanted) {
    const query = new URLSearchParams({
      metric: this.model.row(cell).m,
      subject: this.model.row(cell).s,
      period: this.model.column(cell).label,
      next: `${window.location.pathname}${window.location.search}`,
    });
    const place = this.sheet.part("detail");
    try {
      const response = await fetch(`${this.model.data.cellUrl}?${query}`, { redirect: "manual" });
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
  }

  // The note

  writeNote() {
    const { cell, note } = this;
    const seen = cell.draftNote ? cell.draftNote.seen : this.model.seen(cell);
    const isKnown = note.value.trim() === this.model.knownNote(cell);
    cell.draftNote = isKnown ? null : { text: note.value, seen };
    this.sheet.drafts.keep([cell]);
    this.sheet.show([cell]);
    this.sheet.tellState();
    this.sheet.part("words").textContent = this.sentence(cell);
  }

  saveNote() {
    const { cell } = this;
    if (this.model.editText(cell) === "") {
      this.sheet.say(told("noteNeedsValue"));
      this.sheet.selection.focus();
      return;
    }
    this.sheet.selection.focus();
    this.sheet.saving.give([this.sheet.saving.withNote(cell)]);
  }
}
