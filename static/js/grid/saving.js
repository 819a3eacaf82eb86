// Giving values: all ways of changing a cell come here. Each is sent, and stays "pending" beside
// what is stored until the server says what became of it.
import { plainNumber } from "./texts.js";
import { counted, told, valuesAndNotes } from "./words.js";

const CELLS_AT_ONCE = 100;
const STORED = ["created", "changed", "draft", "deleted", "same"];
const OUTCOME_WORDS = [
  ["deleted", "wereDeleted"],
  ["draft", "areWaiting"],
  ["same", "wereUnchanged"],
  ["question", "wereQuestioned"],
  ["conflict", "wereOvertaken"],
  ["refused", "wereRefused"],
];

export class Saving {
  constructor(sheet) {
    this.sheet = sheet;
    this.model = sheet.model;
    this.waiting = [];
    this.isSending = false;
    this.aside = "";
  }

  // A change: cell, text, and where they are not as usual seen, note, isConfirmed, isDeletion, step.
  give(changes, { aside = "" } = {}) {
    const step = { cells: [] };
    const cells = changes.map(({ cell, text, ...rest }) => {
      cell.pending = {
        text: rest.isDeletion ? "" : plainNumber(text, this.model.sign, this.model.row(cell).unit),
        seen: rest.seen === undefined ? this.model.seen(cell) : rest.seen,
        note: rest.note ?? cell.draftNote?.text.trim() ?? this.model.knownNote(cell),
        isConfirmed: Boolean(rest.isConfirmed),
        isDeletion: Boolean(rest.isDeletion),
        state: "saving",
        sentence: "",
        step: rest.step ?? step,
      };
      cell.draftNote = null;
      cell.isFresh = false;
      return cell;
    });
    this.aside = aside;
    this.sheet.drafts.keep(cells);
    this.sheet.show(cells);
    this.waiting.push(...cells);
    this.sheet.tellState();
    this.send();
  }

  // What was given and is open, once more.
  again(cell, { isConfirmed = cell.pending.isConfirmed, seen = this.model.seen(cell) } = {}) {
    const { text, isDeletion } = cell.pending;
    return { cell, text, isDeletion, isConfirmed, seen };
  }

  confirm(cells) {
    this.give(cells.map((cell) => this.again(cell, { isConfirmed: true })));
  }

  // Everything that did not get through, and notes that were written and not sent.
  giveLeft() {
    const values = [...this.model.withPending("unsaved")].map((cell) => this.again(cell));
    const notes = this.model.notes().filter(({ stored }) => stored.v !== undefined);
    this.give([...values, ...notes.map((cell) => this.withNote(cell))]);
  }

  // The note being written, with the value that stands in the cell or was given for it.
  withNote(cell) {
    return {
      cell,
      text: this.model.editText(cell),
      isConfirmed: cell.pending ? cell.pending.isConfirmed : true,
      seen: cell.pending || !cell.draftNote ? this.model.seen(cell) : cell.draftNote.seen,
    };
  }

  drop(cells) {
    cells.forEach((cell) => {
      cell.pending = null;
      cell.draftNote = null;
    });
    this.sheet.drafts.keep(cells);
    this.sheet.show(cells);
    this.sheet.tellState();
    this.sheet.panel.tell();
  }

  async send() {
    if (this.isSending) {
      return;
    }
    this.isSending = true;
    while (this.waiting.length > 0) {
      const most = Math.min(CELLS_AT_ONCE, this.model.data.mostCells);
      const cells = [...new Set(this.waiting.splice(0, most))].filter(
        (cell) => cell.pending?.state === "saving",
      );
      if (cells.length > 0) {
        await this.sendSome(cells.map((cell) => ({ cell, pending: cell.pending })));
      }
    }
    this.isSending = false;
    this.sheet.tellState();
    this.sheet.panel.tell();
  }

  async sendSome(sent) {
    let answers;
    try {
      answers = await this.post(sent);
    } catch (error) {
      for (const { pending } of sent) {
        pending.state = "unsaved";
        pending.sentence = error.message;
      }
      this.sheet.show(sent.map(({ cell }) => cell));
      this.sheet.say(error.message);
      return;
    }
    answers.forEach((answer, place) => this.take(sent[place], answer));
    this.sheet.drawing.showRows(sent.map(({ cell }) => cell.r));
    this.sheet.drawing.showMissing();
    this.sheet.selection.paint();
    this.tellOutcomes(answers, sent);
  }

  // Signing in again, in another tab, changes the token; the cookie has the one that is valid.
  get token() {
    const cookie = document.cookie.split("; ").find((each) => each.startsWith("csrftoken="));
    return cookie
      ? decodeURIComponent(cookie.slice("csrftoken=".length))
      : this.sheet.root.querySelector("[name=csrfmiddlewaretoken]").value;
  }

  async post(sent) {
    const cells = sent.map(({ cell, pending }) => ({
      metric: this.model.row(cell).m,
      subject: this.model.row(cell).s,
      period: this.model.column(cell).label,
      value: pending.text,
      note: pending.note,
      seen: pending.seen,
      confirmed: pending.isConfirmed,
      delete: pending.isDeletion,
    }));
    let response;
    try {
      response = await fetch(this.model.data.cellsUrl, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRFToken": this.token },
        body: JSON.stringify({ decimalSign: this.model.sign, cells }),
        redirect: "manual",
      });
    } catch {
      throw new Error(told("noServer"));
    }
    if (response.type === "opaqueredirect" || response.status === 403) {
      throw new Error(told("signedOut"));
    }
    if (!response.ok) {
      const { error } = await response.json().catch(() => ({}));
      throw new Error(error ?? told("noAnswer", { status: response.status }));
    }
    return (await response.json()).cells;
  }

  // What became of one cell.
  take({ cell, pending }, answer) {
    const was = cell.stored;
    if (answer.cell) {
      cell.stored = answer.cell;
      cell.news = null;
    }
    const isNewer = cell.pending !== pending;
    if (!STORED.includes(answer.outcome)) {
      if (!isNewer) {
        pending.state = answer.outcome;
        pending.sentence = this.withHint(answer, pending.text);
        pending.code = answer.code ?? "";
      }
      return;
    }
    if (answer.outcome !== "same") {
      pending.step.cells.push({ cell, before: was, after: cell.stored });
      this.sheet.steps.record(pending.step);
    }
    cell.isFresh = answer.outcome !== "deleted";
    if (!isNewer) {
      cell.pending = null;
    } else if (cell.pending) {
      // Typed over meanwhile: what was seen is what we ourselves have just saved.
      cell.pending.seen = this.model.standing(cell);
    }
    this.sheet.drafts.keep([cell]);
  }

  withHint({ sentence = "", code }, text) {
    const other = this.model.sign === "." ? "," : ".";
    return code === "number" && text.includes(other)
      ? `${sentence} ${told(other === "," ? "commaHint" : "pointHint")}`
      : sentence;
  }

  tellOutcomes(answers, sent) {
    const number = (outcome) => answers.filter((answer) => answer.outcome === outcome).length;
    const saved = number("created") + number("changed");
    const parts = saved > 0 ? [counted("wereSaved", saved)] : [];
    for (const [outcome, words] of OUTCOME_WORDS) {
      if (number(outcome) > 0) {
        parts.push(counted(words, number(outcome)));
      }
    }
    const sentence = answers.find((answer) => answer.sentence)?.sentence;
    this.sheet.say(`${parts.join(", ")}.${sentence ? ` ${sentence}` : ""}${this.aside}`);
    this.aside = "";
    const why = answers.findIndex((answer) => answer.code === "why_red");
    if (why >= 0) {
      this.sheet.selection.choose(sent[why].cell.r, sent[why].cell.c, { focus: false });
      this.sheet.panel.focusNote();
    }
  }

  tellState() {
    const { sheet } = this;
    const number = (state) => [...this.model.withPending(state)].length;
    const [saving, questions, unsaved] = [number("saving"), number("question"), number("unsaved")];
    const notes = this.model.notes().filter(({ stored }) => stored.v !== undefined).length;
    const open = this.model.open().length;
    sheet.root.dataset.sheetSaving = String(saving);
    sheet.root.dataset.sheetOpen = String(open);
    sheet.part("confirm").hidden = questions === 0;
    sheet.part("confirm").textContent = counted("storeAll", questions);
    sheet.part("save").hidden = unsaved + notes === 0;
    sheet.part("save").textContent = told("saveOne", { what: valuesAndNotes(unsaved, notes) });
    sheet.part("next").hidden = open === 0;
    sheet.part("next").textContent = counted("showNext", open);
  }
}
