// Where drafts are kept: in this browser, per person and installation.

export class Unsaved {
  constructor(person) {
    this.name = `portal-grid:${person}`;
  }

  all() {
    try {
      const kept = JSON.parse(window.localStorage.getItem(this.name) ?? "{}");
      return kept && typeof kept === "object" ? kept : {};
    } catch {
      return {};
    }
  }

  // Read anew each time: another window may have changed it.
  change(entries, gone = []) {
    const kept = { ...this.all(), ...entries };
    for (const key of gone) {
      delete kept[key];
    }
    try {
      if (Object.keys(kept).length > 0) {
        window.localStorage.setItem(this.name, JSON.stringify(kept));
      } else {
        window.localStorage.removeItem(this.name);
      }
    } catch {
      // No room, or storage is switched off: the warning on leaving remains.
    }
  }
}
