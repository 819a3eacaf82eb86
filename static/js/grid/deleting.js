// Deleting values: asked about first, because the period counts as missing then.
import { counted, told } from "./words.js";

export class Deleting {
  constructor(sheet) {
    this.sheet = sheet;
    this.model = sheet.model;
    this.dialog = sheet.part("dialog");
    this.changes = [];
    this.dialog.addEventListener("close", () => sheet.selection.focus());
    sheet.part("keep").addEventListener("click", () => this.dialog.close());
    sheet.part("delete").addEventListener("click", () => this.carryOut());
  }

  get isAsking() {
    return this.dialog.open;
  }

  deleteChosen() {
    const { cells } = this.sheet.selection;
    const typed = cells.filter((cell) => this.model.isTyped(cell));
    if (typed.length > 0) {
      this.sheet.saving.drop(typed);
      this.sheet.say(told("typedIsGone"));
      return;
    }
    const filled = cells.filter((cell) => cell.stored.v !== undefined);
    const free = filled.filter((cell) => !cell.stored.lock);
    if (free.length > 0) {
      this.ask(free.map((cell) => ({ cell })));
    } else {
      this.sheet.say(filled.length > 0 ? filled[0].stored.why : told("nothingToDelete"));
    }
  }

  ask(changes) {
    this.changes = changes.map(({ cell, seen = this.model.seen(cell) }) => ({ cell, seen }));
    const [{ cell: first }] = changes;
    const isOne = changes.length === 1;
    this.sheet.part("dialog-title").textContent = isOne
      ? told("deleteOne", { value: this.model.shownText(first) })
      : counted("deleteValues", changes.length);
    this.sheet.part("dialog-words").textContent =
      `${isOne ? `${this.model.name(first)}. ` : ""}${told("deletingMeans")}`;
    this.dialog.showModal();
    this.sheet.part("keep").focus();
  }

  carryOut() {
    this.dialog.close();
    this.sheet.saving.give(
      this.changes.map((change) => ({ ...change, text: "", isDeletion: true, isConfirmed: true })),
    );
  }
}
