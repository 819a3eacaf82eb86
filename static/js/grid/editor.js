// Typing into a cell: the input that lies over it while somebody does.
import { element } from "./words.js";

export class Editor {
  constructor(sheet) {
    this.sheet = sheet;
    this.model = sheet.model;
    this.at = null;
  }

  get isOpen() {
    return this.at !== null;
  }

  isIn(cell) {
    return this.at?.cell === cell;
  }

  open(text, { isTyped = false } = {}) {
    const { cell } = this.sheet.selection;
    if (cell.stored.lock) {
      this.sheet.say(cell.stored.why);
      return;
    }
    this.commit();
    const input = this.input(cell);
    const before = this.model.editText(cell);
    input.value = text ?? before;
    this.at = { cell, input, isTyped, before, seen: this.model.seen(cell), beside: null };
    cell.td.append(input);
    input.focus();
    if (isTyped || text !== undefined) {
      input.setSelectionRange(input.value.length, input.value.length);
    } else {
      input.select();
    }
    input.addEventListener("blur", () => {
      if (this.at?.input === input) {
        this.commit({ focus: false });
      }
    });
  }

  input(cell) {
    const input = element("input", "sheet__input");
    input.type = "text";
    input.autocomplete = "off";
    input.spellcheck = false;
    input.maxLength = 100;
    input.dataset.typing = "input";
    const mayBeNegative = this.model.cells[cell.r].some(({ stored }) => stored.v?.startsWith("-"));
    input.inputMode = mayBeNegative ? "text" : "decimal";
    input.setAttribute("aria-label", this.model.name(cell));
    return input;
  }

  // What the person should know before they go on, beside what they type.
  tellBeside(words) {
    const { cell, input } = this.at;
    this.at.beside ??= element("span", "sheet__beside");
    this.at.beside.dataset.typing = "beside";
    this.at.beside.id = "sheet-beside";
    this.at.beside.textContent = words;
    input.setAttribute("aria-describedby", "sheet-beside");
    cell.td.append(this.at.beside);
    this.at.beside.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  close() {
    const { at } = this;
    this.at = null;
    at.input.remove();
    at.beside?.remove();
    return at;
  }

  commit({ focus = true } = {}) {
    if (!this.isOpen) {
      return;
    }
    const { cell, input, before, seen } = this.close();
    const text = input.value.trim();
    if (focus) {
      cell.td.focus();
    }
    if (text === before.trim()) {
      return;
    }
    if (text !== "") {
      this.sheet.saving.give([{ cell, text, seen }]);
      return;
    }
    // An emptied cell is a deletion, and that is asked about.
    if (cell.pending) {
      this.sheet.saving.drop([cell]);
    }
    if (cell.stored.v !== undefined) {
      this.sheet.deleting.ask([{ cell, seen }]);
    }
  }

  cancel() {
    const { cell } = this.close();
    this.sheet.show([cell]);
    cell.td.focus();
  }

  // The page is being left: what was typed so far, to be kept.
  leave() {
    if (!this.isOpen) {
      return null;
    }
    const { cell, input, before, seen } = this.at;
    const text = input.value.trim();
    return text === "" || text === before.trim() ? null : { cell, text, seen };
  }
}
