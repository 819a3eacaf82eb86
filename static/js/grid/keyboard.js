// The keys of a spreadsheet.

const ROWS_OF_A_PAGE = 10;
const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

export class Keyboard {
  constructor(sheet) {
    this.sheet = sheet;
    this.selection = sheet.selection;
    sheet.table.addEventListener("keydown", (event) => this.onKey(event));
  }

  onKey(event) {
    if (event.isComposing) {
      return;
    }
    if (this.sheet.editor.isOpen) {
      this.whileTyping(event);
      return;
    }
    if (event.target.closest("th a")) {
      if (event.key === "ArrowRight") {
        event.preventDefault();
        this.selection.focus();
      }
      return;
    }
    if (this.sheet.cellOf(event.target) && this.act(event)) {
      event.preventDefault();
    }
  }

  // Whether the key meant something here.
  act(event) {
    const { key } = event;
    const isControl = event.ctrlKey || event.metaKey;
    if (ARROWS[key]) {
      this.arrow(key, isControl, event.shiftKey);
      return true;
    }
    if (this.jump(key, isControl, event.shiftKey)) {
      return true;
    }
    if (key === "Tab") {
      return !this.selection.isTabFree && this.selection.tab(event.shiftKey);
    }
    if (isControl && key !== "Enter") {
      return !event.altKey && this.command(key.toLowerCase(), event.shiftKey);
    }
    return this.key(event, isControl);
  }

  arrow(key, toEdge, extend) {
    if (key === "ArrowLeft" && this.selection.column === 0 && !extend && !toEdge) {
      this.sheet.nameLink(this.selection.row)?.focus();
      return;
    }
    this.selection.move(...ARROWS[key], { toEdge, extend });
  }

  jump(key, isControl, extend) {
    const { selection } = this;
    const { row, column, model } = selection;
    const to = {
      PageUp: [row - ROWS_OF_A_PAGE, column],
      PageDown: [row + ROWS_OF_A_PAGE, column],
      Home: [isControl ? 0 : row, 0],
      End: [isControl ? model.height - 1 : row, model.width - 1],
    }[key];
    if (to) {
      selection.choose(...to, { extend });
    }
    return Boolean(to);
  }

  command(key, isShifted) {
    const { steps, clipboard } = this.sheet;
    const { model } = this.selection;
    const act = {
      z: () => (isShifted ? steps.redo() : steps.undo()),
      y: () => steps.redo(),
      d: () => clipboard.fillDown(),
      a: () => this.selection.chooseBlock(0, 0, model.height - 1, model.width - 1),
    }[key];
    act?.();
    return Boolean(act);
  }

  key(event, isControl) {
    const { sheet, selection } = this;
    switch (event.key) {
      case "Enter":
        if (isControl) {
          this.confirmChosen();
        } else {
          selection.move(event.shiftKey ? -1 : 1, 0);
        }
        return true;
      case "F2":
        sheet.editor.open();
        return true;
      case "F6":
        sheet.panel.focus();
        return true;
      case "Escape":
        selection.choose(selection.row, selection.column);
        selection.isTabFree = true;
        return true;
      case "Delete":
        sheet.deleting.deleteChosen();
        return true;
      case "Backspace":
        sheet.editor.open("", { isTyped: true });
        return true;
      default:
    }
    const begins = event.key.length === 1 && !event.altKey && event.key !== " ";
    if (begins) {
      sheet.editor.open(event.key, { isTyped: true });
    }
    return begins;
  }

  confirmChosen() {
    const questioned = this.selection.cells.filter(({ pending }) => pending?.state === "question");
    if (questioned.length > 0) {
      this.sheet.saving.confirm(questioned);
    }
  }

  whileTyping(event) {
    const { editor } = this.sheet;
    const { isTyped } = editor.at;
    if (event.key === "Escape") {
      event.preventDefault();
      editor.cancel();
    } else if (event.key === "Enter") {
      event.preventDefault();
      this.commitAnd(() => this.selection.move(event.shiftKey ? -1 : 1, 0));
    } else if (event.key === "Tab") {
      event.preventDefault();
      this.commitAnd(() => this.selection.tab(event.shiftKey));
    } else if (isTyped && ARROWS[event.key] && !event.shiftKey) {
      event.preventDefault();
      this.commitAnd(() => this.selection.move(...ARROWS[event.key]));
    }
  }

  // Not away from a question that has just come up.
  commitAnd(goOn) {
    this.sheet.editor.commit();
    if (!this.sheet.deleting.isAsking) {
      goOn();
    }
  }
}
