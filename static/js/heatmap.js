// Arrow keys in heat maps: from cell to cell, Home and End along a row, with Ctrl to the corners.
// Only one link of a table is then in the Tab order. Without this file all of them are.
(() => {
  "use strict";

  const HINT = document.currentScript.dataset.keys;
  const PAGE_OF_ROWS = 10;
  const STEPS = {
    ArrowLeft: [0, -1],
    ArrowRight: [0, 1],
    ArrowUp: [-1, 0],
    ArrowDown: [1, 0],
    PageUp: [-PAGE_OF_ROWS, 0],
    PageDown: [PAGE_OF_ROWS, 0],
  };

  // The table stays a table, and no grid: who reads with a screen reader keeps its own table keys.

  function stopsIn(row) {
    return [...row.querySelectorAll("a[href]")];
  }

  function rowsOf(table) {
    return [...table.tBodies].flatMap((body) => [...body.rows]).filter((row) => stopsIn(row).length);
  }

  function between(number, length) {
    return Math.min(Math.max(number, 0), length - 1);
  }

  function nearest(row, column) {
    const away = (stop) => Math.abs(stop.closest("td, th").cellIndex - column);
    return stopsIn(row).reduce((best, stop) => (away(stop) < away(best) ? stop : best));
  }

  function makeOnlyStop(table, chosen) {
    for (const row of rowsOf(table)) {
      for (const stop of stopsIn(row)) {
        stop.tabIndex = stop === chosen ? 0 : -1;
      }
    }
  }

  function prepare(table) {
    const rows = rowsOf(table);
    if (table.dataset.keys || !rows.length) {
      return;
    }
    table.dataset.keys = "ready";
    makeOnlyStop(table, stopsIn(rows[0])[0]);
    const hint = document.createElement("p");
    hint.className = "heat-keys";
    hint.textContent = HINT;
    table.after(hint);
  }

  function prepareAll() {
    document.querySelectorAll("table.heat-table").forEach(prepare);
  }

  function target(table, stop, key, toTheCorner) {
    const rows = rowsOf(table);
    const row = stop.closest("tr");
    const inRow = stopsIn(row);
    if (key === "Home" || key === "End") {
      const place = key === "Home" ? 0 : -1;
      return stopsIn(toTheCorner ? rows.at(place) : row).at(place);
    }
    const [down, across] = STEPS[key];
    if (across) {
      return inRow[between(inRow.indexOf(stop) + across, inRow.length)];
    }
    const next = rows[between(rows.indexOf(row) + down, rows.length)];
    return next === row ? stop : nearest(next, stop.closest("td, th").cellIndex);
  }

  document.addEventListener("keydown", (event) => {
    const stop = event.target.closest?.("table.heat-table tbody a[href]");
    const isKey = event.key in STEPS || event.key === "Home" || event.key === "End";
    if (!stop || !isKey || event.altKey || event.metaKey || event.shiftKey) {
      return;
    }
    if (event.ctrlKey && event.key !== "Home" && event.key !== "End") {
      return;
    }
    event.preventDefault();
    const table = stop.closest("table");
    const next = target(table, stop, event.key, event.ctrlKey);
    next.focus({ preventScroll: true });
    // At once: a key held down is faster than a smooth scroll.
    next.scrollIntoView({ block: "nearest", inline: "nearest", behavior: "instant" });
  });

  document.addEventListener("focusin", (event) => {
    const stop = event.target.closest?.("table.heat-table tbody a[href]");
    if (stop) {
      makeOnlyStop(stop.closest("table"), stop);
    }
  });

  // Sorting by keyboard: the focus stays on the heading that was pressed.

  let sortedBy = null;

  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const heading = document.activeElement?.closest("table.heat-table thead th");
    sortedBy = heading && detail.target.contains(heading) ? heading.cellIndex : null;
  });

  document.addEventListener("htmx:afterSettle", ({ detail }) => {
    prepareAll();
    if (sortedBy !== null) {
      const heading = detail.target.querySelector("table.heat-table thead tr")?.cells[sortedBy];
      heading?.querySelector("a")?.focus();
      sortedBy = null;
    }
  });

  prepareAll();
})();
