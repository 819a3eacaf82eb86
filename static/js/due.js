// The box in a table's head chooses all rows of it.
(() => {
  "use strict";

  function show(root) {
    for (const box of root.querySelectorAll("[data-choose-all]")) {
      box.hidden = false;
    }
  }

  document.addEventListener("change", ({ target }) => {
    if (target.matches("[data-choose-all]")) {
      for (const box of target.closest("table").querySelectorAll("tbody [type=checkbox]")) {
        box.checked = target.checked;
      }
    }
  });

  document.addEventListener("htmx:load", ({ target }) => show(target));
  show(document);
})();
