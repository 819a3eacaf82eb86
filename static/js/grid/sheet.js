// The grid: a table that is typed into, pasted into and copied from like a spreadsheet.
//
// What stands in the cells comes as JSON beside the table and with every answer of the server. Each
// module here knows one thing of it; this one puts them together and begins.
import { Clipboard } from "./clipboard.js";
import { Deleting } from "./deleting.js";
import { Drafts } from "./drafts.js";
import { Drawing } from "./drawing.js";
import { Editor } from "./editor.js";
import { Keyboard } from "./keyboard.js";
import { LEFT_OPEN, Model } from "./model.js";
import { News } from "./news.js";
import { Panel } from "./panel.js";
import { Pointer } from "./pointer.js";
import { Saving } from "./saving.js";
import { Selection } from "./selection.js";
import { chosenSign, keepSign } from "./sign.js";
import { Steps } from "./steps.js";
import { useTexts } from "./words.js";

class Sheet {
  constructor(root) {
    this.root = root;
    this.data = JSON.parse(document.getElementById(root.dataset.sheet).textContent);
    useTexts(this.data.texts);
    this.table = this.part("table");
    this.body = this.table.tBodies[0];
    this.model = new Model(this.data, this.body, chosenSign(this.data.decimalSign));
    this.drawing = new Drawing(this.model, root);
    this.selection = new Selection(this);
    this.editor = new Editor(this);
    this.saving = new Saving(this);
    this.steps = new Steps(this);
    this.deleting = new Deleting(this);
    this.clipboard = new Clipboard(this);
    this.drafts = new Drafts(this);
    this.panel = new Panel(this);
    this.keyboard = new Keyboard(this);
    this.pointer = new Pointer(this);
    this.begin();
    this.news = new News(this);
  }

  part(name) {
    return this.root.querySelector(`[data-sheet-${name}]`);
  }

  begin() {
    this.table.setAttribute("role", "grid");
    this.table.setAttribute("aria-multiselectable", "true");
    this.part("scroll").removeAttribute("tabindex");
    this.part("tools").hidden = false;
    this.part("panel").hidden = false;
    this.part("sign").value = this.model.sign;
    for (let row = 0; row < this.model.height; row += 1) {
      const link = this.nameLink(row);
      if (link) {
        link.tabIndex = -1;
      }
    }
    for (const cell of this.model.cells.flat()) {
      cell.td.tabIndex = -1;
      this.drawing.show(cell);
    }
    this.selection.cell.td.tabIndex = 0;
    for (const [name, act] of [
      ["undo", () => this.steps.undo()],
      ["redo", () => this.steps.redo()],
      ["confirm", () => this.saving.confirm([...this.model.withPending("question")])],
      ["save", () => this.saving.giveLeft()],
    ]) {
      this.part(name).addEventListener("click", () => {
        act();
        this.selection.focus();
      });
    }
    this.part("next").addEventListener("click", () => this.showNext());
    this.part("sign").addEventListener("change", (event) => this.changeSign(event.target.value));
    this.tellState();
    this.drafts.offer();
  }

  show(cells) {
    cells.forEach((cell) => this.drawing.show(cell));
    this.selection.paint();
  }

  say(words) {
    this.part("state").textContent = words;
  }

  tellState() {
    this.saving.tellState();
    this.steps.tellState();
  }

  showNext() {
    const open = this.model.open();
    const { row, column } = this.selection;
    const next = open.find(({ r, c }) => r > row || (r === row && c > column)) ?? open[0];
    if (next) {
      this.selection.choose(next.r, next.c);
    }
  }

  changeSign(sign) {
    for (const { pending } of this.model.withPending(...LEFT_OPEN)) {
      // What was refused for its sign is meant as it stands.
      pending.text = pending.code === "number" ? pending.text : pending.text.replace(this.model.sign, sign);
    }
    this.model.sign = sign;
    keepSign(sign);
    this.show(this.model.cells.flat());
  }

  nameLink(row) {
    return this.body.rows[row].cells[0].querySelector("a");
  }

  cellOf(target) {
    const td = target.closest?.("td");
    if (!td || !this.table.contains(td)) {
      return null;
    }
    return this.model.cells[td.parentElement.sectionRowIndex]?.[td.cellIndex - 1] ?? null;
  }

  hasFocus() {
    return !this.editor.isOpen && Boolean(this.cellOf(document.activeElement));
  }
}

document.querySelectorAll("[data-sheet]").forEach((root) => {
  root.portalSheet = new Sheet(root);
});
