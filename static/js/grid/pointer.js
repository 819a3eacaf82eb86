// Choosing and opening cells by mouse and by finger.

export class Pointer {
  constructor(sheet) {
    this.sheet = sheet;
    this.selection = sheet.selection;
    sheet.table.addEventListener("mousedown", (event) => this.press(event));
    sheet.table.addEventListener("dblclick", (event) => {
      if (sheet.cellOf(event.target) && !sheet.editor.isOpen) {
        event.preventDefault();
        sheet.editor.open();
      }
    });
    sheet.table.addEventListener("focusin", (event) => {
      const cell = sheet.cellOf(event.target);
      if (cell && event.target === cell.td && cell !== this.selection.cell) {
        this.selection.choose(cell.r, cell.c, { focus: false });
      }
    });
  }

  press(event) {
    const cell = this.sheet.cellOf(event.target);
    if (!cell || event.button !== 0 || event.target.dataset.typing) {
      return;
    }
    event.preventDefault();
    const isAgain = cell === this.selection.cell && document.activeElement === cell.td;
    this.sheet.editor.commit({ focus: false });
    if (this.sheet.deleting.isAsking) {
      return;
    }
    this.selection.choose(cell.r, cell.c, { extend: event.shiftKey });
    if (isAgain && window.matchMedia("(pointer: coarse)").matches) {
      // Fingers have no keys to begin with: a second tap opens the cell.
      this.sheet.editor.open();
      return;
    }
    this.follow();
  }

  follow() {
    const drag = (moved) => {
      const over = this.sheet.cellOf(moved.target);
      if (over && over !== this.selection.cell) {
        this.selection.choose(over.r, over.c, { extend: true, focus: false });
      }
    };
    this.sheet.table.addEventListener("mousemove", drag);
    window.addEventListener("mouseup", () => this.sheet.table.removeEventListener("mousemove", drag), {
      once: true,
    });
  }
}
