// What a cell looks like: its value, the one before it, its score, and a word where one is needed.
import { LEFT_OPEN } from "./model.js";
import { counted, element, told } from "./words.js";

const LOCK_WORDS = {
  closed: "lockedClosed",
  computed: "lockedComputed",
  exempt: "lockedExempt",
  span: "lockedSpan",
};

const PENDING_WORDS = {
  saving: "isSaving",
  question: "isRight",
  conflict: "changedMeanwhile",
  refused: "isRefused",
  unsaved: "notSaved",
};

export class Drawing {
  constructor(model, root) {
    this.model = model;
    // Under some columns stands something else.
    this.missing = [...root.querySelectorAll("[data-sheet-missing]")].map((place, c) =>
      place.textContent === this.missingWords(c) ? place : null,
    );
  }

  show(cell) {
    const { td, stored, pending, draftNote, news } = cell;
    const isLocked = Boolean(stored.lock);
    const states = [
      ["is-locked", isLocked],
      ["is-due", !pending && Boolean(stored.due)],
      ["is-waiting", Boolean(stored.w)],
      ["has-note", Boolean(stored.n)],
      ["is-fresh", cell.isFresh && !pending],
      ["is-news", Boolean(news) && !pending],
      ["is-saving", pending?.state === "saving"],
      ["is-open", LEFT_OPEN.includes(pending?.state) || (Boolean(draftNote) && !pending)],
      ["is-refused", pending?.state === "refused"],
    ];
    td.className = ["sheet__cell", ...states.filter(([, holds]) => holds).map(([name]) => name)].join(" ");
    td.setAttribute("aria-readonly", String(isLocked));
    if (["refused", "conflict"].includes(pending?.state)) {
      td.setAttribute("aria-invalid", "true");
    } else {
      td.removeAttribute("aria-invalid");
    }
    const value = element("span", "sheet__value", this.model.shownText(cell));
    // What is being typed into stays where it is: taken out, it would lose the focus.
    [...td.childNodes].filter((each) => !each.dataset?.typing).forEach((each) => each.remove());
    td.prepend(value, this.side(cell));
  }

  side(cell) {
    const { stored, pending } = cell;
    const side = element("span", "sheet__side");
    const before = this.model.before(cell);
    if (before && !stored.lock && (stored.v === undefined || pending || !before.isNext)) {
      const earlier = this.badge(before, "sheet__before");
      earlier.append(element("span", "", this.model.local(before.t)));
      earlier.prepend(element("span", "visually-hidden", `${before.label}: `));
      side.append(earlier);
    }
    const word = this.word(cell);
    if (word) {
      side.append(element("span", "sheet__word", word));
    }
    if (!pending && stored.v !== undefined && stored.sc !== undefined) {
      const badge = this.badge(stored, "sheet__score");
      badge.append(element("span", "", stored.sc));
      side.append(badge);
    }
    return side;
  }

  word({ stored, pending, draftNote, news, isFresh }) {
    if (pending) {
      return told(PENDING_WORDS[pending.state]);
    }
    if (draftNote) {
      return told("noteNotSaved");
    }
    if (news) {
      return told("byWhom", { who: news.by });
    }
    if (stored.w) {
      return told("waiting");
    }
    if (stored.lock && stored.v === undefined) {
      return LOCK_WORDS[stored.lock] ? told(LOCK_WORDS[stored.lock]) : "";
    }
    if (stored.none) {
      return told("noValue");
    }
    if (stored.due) {
      return told(stored.due);
    }
    return isFresh ? told("saved") : "";
  }

  badge({ b }, className) {
    const badge = element("span", `score-badge is-${b ?? "insufficient"} ${className}`);
    const band = this.model.data.bands[b];
    if (band) {
      const shape = element("span", "sheet__shape");
      // A constant of the portal's own.
      shape.innerHTML = `<svg class="band-shape" viewBox="0 0 10 10" fill="currentColor" aria-hidden="true">${band.shape}</svg>`;
      badge.append(shape, element("span", "visually-hidden", `${band.word} `));
    }
    return badge;
  }

  // The cells to the right of one that changed may have another value before them now.
  showRows(numbers) {
    for (const r of new Set(numbers)) {
      this.model.cells[r].forEach((cell) => this.show(cell));
    }
  }

  showMissing() {
    this.missing.forEach((place, c) => {
      if (place) {
        place.textContent = this.missingWords(c);
      }
    });
  }

  missingWords(c) {
    const missing = this.model.cells.filter((row) => row[c].stored.due).length;
    return missing > 0 ? counted("missing", missing) : told("allThere");
  }
}
