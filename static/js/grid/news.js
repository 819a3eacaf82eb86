// What others do to the cells while the grid is open: asked quietly, shown in the cells, told beside
// a cell that is being typed into. Nothing here changes what was typed, nor what was seen.
import { counted, since, told } from "./words.js";

const ASK_EVERY = 25_000;

export class News {
  constructor(sheet) {
    this.sheet = sheet;
    this.model = sheet.model;
    this.since = sheet.data.asOf;
    this.tag = "";
    this.askedAt = Date.now();
    document.addEventListener("visibilitychange", () => this.wait());
    this.wait();
  }

  // Nobody looks at a hidden page; whoever comes back to it hears at once.
  wait() {
    window.clearTimeout(this.timer);
    if (!document.hidden && this.since) {
      const left = Math.max(0, this.askedAt + ASK_EVERY - Date.now());
      this.timer = window.setTimeout(() => this.ask(), left);
    }
  }

  async ask() {
    this.askedAt = Date.now();
    try {
      const query = new URLSearchParams({ ...this.model.data.changes, since: this.since });
      const response = await fetch(`${this.model.data.changesUrl}?${query}`, {
        headers: this.tag ? { "If-None-Match": this.tag } : {},
        redirect: "manual",
      });
      if (response.status === 200) {
        this.tag = response.headers.get("ETag") ?? "";
        const { asOf, cells } = await response.json();
        this.since = asOf;
        this.take(cells);
      } else if (response.status !== 204 && response.status !== 304) {
        // Signed out, or no longer allowed: saving says what to do.
        this.since = "";
      }
    } catch {
      // Without a connection there is no news; it is asked again.
    }
    this.wait();
  }

  take(changes) {
    const found = changes.map((each) => this.takeOne(each)).filter(Boolean);
    if (found.length === 0) {
      return;
    }
    this.sheet.drawing.showRows(found.map(({ r }) => r));
    this.sheet.drawing.showMissing();
    this.sheet.selection.paint();
    this.sheet.panel.tell();
    if (!this.sheet.editor.isOpen) {
      const [first] = found;
      const news = {
        who: first.news.by,
        cell: this.model.name(first),
        when: since(first.news.at),
      };
      const others = found.length - 1;
      this.sheet.say(others > 0 ? counted("newsOfMore", others, news) : told("newsOfOne", news));
    }
  }

  // The cell, if what stands in it is another value than the page knew.
  takeOne({ m, s, p, cell: now, by, at }) {
    const cell = this.model.byKey.get(JSON.stringify([m, s, p]));
    // Of a value under way the server tells in a moment.
    if (!cell || cell.pending?.state === "saving" || (now.v === cell.stored.v && now.at === cell.stored.at)) {
      return null;
    }
    const from = cell.news?.from ?? cell.stored.t ?? "";
    cell.stored = now;
    cell.isFresh = false;
    cell.news = { by, at, from, to: now.t ?? "" };
    if (this.sheet.editor.isIn(cell)) {
      const words = { who: by, when: since(at) };
      this.sheet.editor.tellBeside(
        now.t === undefined
          ? told("besideDeleted", words)
          : told("besideChanged", { ...words, value: this.model.local(now.t) }),
      );
    }
    return cell;
  }
}
