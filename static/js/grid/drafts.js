// Values and notes that were given and not saved: they survive a reload, and are never sent without
// somebody saying so.
import { localNumber } from "./texts.js";
import { Unsaved } from "./unsaved.js";
import { counted, element, moment, told, valuesAndNotes } from "./words.js";

function isEntry(entry) {
  return typeof entry?.text === "string" || Boolean(entry?.note);
}

function named(entries) {
  const values = entries.filter(({ entry }) => typeof entry.text === "string").length;
  const notes = entries.length - values;
  return valuesAndNotes(values, notes);
}

export class Drafts {
  constructor(sheet) {
    this.sheet = sheet;
    this.model = sheet.model;
    this.unsaved = new Unsaved(sheet.data.keep);
    sheet.part("put-back").addEventListener("click", () => this.putBack());
    sheet.part("discard").addEventListener("click", () => this.discard());
    window.addEventListener("beforeunload", (event) => {
      if (this.keepOnLeaving()) {
        event.preventDefault();
      }
    });
  }

  // What is open in these cells is kept; of the others, what was kept is done with.
  keep(cells) {
    const entries = {};
    const gone = [];
    for (const cell of cells) {
      const { key, pending, draftNote } = cell;
      if (draftNote || (pending && !pending.isDeletion)) {
        entries[key] = this.entry(cell, {
          text: pending && !pending.isDeletion ? pending.text : null,
          note: draftNote?.text ?? pending.note,
          seen: pending ? pending.seen : draftNote.seen,
        });
      } else {
        gone.push(key);
      }
    }
    this.unsaved.change(entries, gone);
  }

  entry(cell, { text, note, seen }) {
    return {
      text,
      note,
      seen,
      sign: this.model.sign,
      at: Date.now(),
      where: `${window.location.pathname}${window.location.search}`,
      title: `${this.model.data.title}: ${this.model.name(cell)}`,
    };
  }

  // Whether something would be lost from sight; also what is being typed just now is kept.
  keepOnLeaving() {
    const typed = this.sheet.editor.leave();
    if (typed) {
      const { cell, text, seen } = typed;
      const note = cell.draftNote?.text ?? this.model.knownNote(cell);
      this.unsaved.change({ [cell.key]: this.entry(cell, { text, note, seen }) });
    }
    const isSaving = !this.model.withPending("saving").next().done;
    return Boolean(typed) || isSaving || this.model.open().length > 0;
  }

  kept() {
    const [here, elsewhere] = [[], []];
    for (const [key, entry] of Object.entries(this.unsaved.all())) {
      if (isEntry(entry)) {
        const cell = this.model.byKey.get(key);
        (cell ? here : elsewhere).push({ key, entry, cell });
      }
    }
    return { here, elsewhere };
  }

  offer() {
    const { here, elsewhere } = this.kept();
    const words = this.sheet.part("kept-words");
    words.replaceChildren();
    this.sheet.part("kept").hidden = here.length + elsewhere.length === 0;
    this.sheet.part("put-back").hidden = here.length === 0;
    if (here.length > 0) {
      const last = moment(Math.max(...here.map(({ entry }) => entry.at)));
      words.append(`${counted("keptHere", here.length, { what: named(here), time: last })} `);
    }
    if (elsewhere.length > 0) {
      words.append(`${told("unsavedElsewhere", { what: named(elsewhere) })} `);
      for (const [where, title] of new Map(elsewhere.map(({ entry }) => [entry.where, entry.title]))) {
        if (typeof where === "string" && /^\/(?!\/)/.test(where)) {
          const link = element("a", "", title);
          link.href = where;
          words.append(link, " ");
        }
      }
    }
  }

  putBack() {
    const { here } = this.kept();
    for (const { entry, cell } of here) {
      const note = typeof entry.note === "string" ? entry.note : "";
      if (typeof entry.text !== "string") {
        cell.draftNote = { text: note, seen: entry.seen ?? null };
        continue;
      }
      cell.pending = {
        text: this.inSign(entry),
        note,
        seen: entry.seen ?? null,
        isConfirmed: false,
        isDeletion: false,
        state: "unsaved",
        sentence: "",
        step: { cells: [] },
      };
    }
    this.sheet.show(here.map(({ cell }) => cell));
    this.sheet.part("kept").hidden = true;
    this.sheet.tellState();
    if (here.length > 0) {
      this.sheet.selection.choose(here[0].cell.r, here[0].cell.c);
    }
    this.sheet.say(told("wasPutBack", { what: named(here) }));
  }

  inSign({ text, sign }) {
    return sign === this.model.sign ? text : localNumber(text.replace(",", "."), this.model.sign);
  }

  discard() {
    const { here, elsewhere } = this.kept();
    this.unsaved.change({}, [...here, ...elsewhere].map(({ key }) => key));
    this.sheet.part("kept").hidden = true;
    this.sheet.say(told("unsavedIsGone"));
    this.sheet.selection.focus();
  }
}
