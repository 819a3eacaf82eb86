// Undo and redo: changes of their own, which send again what was there before.
import { localNumber } from "./texts.js";
import { told } from "./words.js";

export class Steps {
  constructor(sheet) {
    this.sheet = sheet;
    this.model = sheet.model;
    this.done = [];
    this.undone = [];
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
    } else if (!this.done.includes(step)) {
      this.done.push(step);
      this.undone = [];
    }
  }

  undo() {
    const { cell } = this.sheet.selection;
    if (this.model.isTyped(cell)) {
      this.sheet.saving.drop([cell]);
      this.sheet.say(told("typedIsGone"));
      return;
    }
    this.goBack(this.done.at(-1), { isRedo: false });
  }

  redo() {
    this.goBack(this.undone.at(-1), { isRedo: true });
  }

  goBack(step, { isRedo }) {
    if (!step || this.sheet.saving.isSending) {
      this.sheet.say(told(step ? "waitUntilSaved" : isRedo ? "nothingToRedo" : "nothingToUndo"));
      return;
    }
    const back = { cells: [], undoes: step, isRedo };
    // A cell may have been changed twice in one step: what was there first comes back, in place of
    // what the step left. If somebody else has changed that since, the server says so.
    const first = new Map();
    const last = new Map();
    for (const { cell, before, after } of step.cells) {
      first.set(cell, first.get(cell) ?? before);
      last.set(cell, after);
    }
    const changes = [...first].map(([cell, before]) => ({
      cell,
      text: before.v === undefined ? "" : localNumber(before.v, this.model.sign),
      note: before.n ?? "",
      isDeletion: before.v === undefined,
      isConfirmed: true,
      seen: this.model.standing({ stored: last.get(cell) }),
      step: back,
    }));
    this.sheet.selection.choose(changes[0].cell.r, changes[0].cell.c);
    this.sheet.saving.give(changes);
  }

  tellState() {
    this.sheet.part("undo").disabled = this.done.length === 0;
    this.sheet.part("redo").disabled = this.undone.length === 0;
  }
}
