// Choosing a file: it can be dropped, and one that is too large is told of before it is sent.
(() => {
  "use strict";

  const form = document.querySelector("[data-upload]");
  const place = form?.querySelector("[data-drop]");
  const field = form?.querySelector("input[type=file]");
  const told = form?.querySelector("[data-drop-name]");
  if (!form || !place || !field || !told) {
    return;
  }

  function isTooLarge() {
    const file = field.files[0];
    const largest = Number(field.dataset.largest);
    const tooLarge = Boolean(file) && file.size > largest;
    told.textContent = tooLarge
      ? field.dataset.tooLarge
          .replace("{size}", Math.ceil(file.size / 1048576))
          .replace("{largest}", Math.floor(largest / 1048576))
          .replace("{name}", () => file.name)
      : "";
    return tooLarge;
  }

  function mark(isOver) {
    place.classList.toggle("drop--over", isOver);
  }

  for (const name of ["dragenter", "dragover"]) {
    place.addEventListener(name, (event) => {
      event.preventDefault();
      mark(true);
    });
  }
  place.addEventListener("dragleave", () => mark(false));
  place.addEventListener("drop", (event) => {
    event.preventDefault();
    mark(false);
    if (event.dataTransfer.files.length) {
      field.files = event.dataTransfer.files;
      isTooLarge();
    }
  });
  field.addEventListener("change", isTooLarge);
  form.addEventListener("submit", (event) => {
    if (isTooLarge()) {
      event.preventDefault();
    }
  });
})();
