// Values that were typed and are not saved: kept in this browser per person and installation, so
// that they survive a reload; never sent without somebody saying so.
(() => {
  "use strict";

  class Unsaved {
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
    change(make) {
      const kept = this.all();
      make(kept);
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

    keep(entries) {
      this.change((kept) => Object.assign(kept, entries));
    }

    drop(keys) {
      this.change((kept) => {
        for (const key of keys) {
          delete kept[key];
        }
      });
    }
  }

  window.portalGrid.Unsaved = Unsaved;
})();
