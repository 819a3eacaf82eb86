// The browser's own time zone: into the sign-in form, and as an offer beside a choice of time zones.
(() => {
  "use strict";

  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";

  for (const field of document.querySelectorAll("input[data-time-zone]")) {
    field.value = zone;
  }

  for (const choice of document.querySelectorAll("select[data-time-zone]")) {
    const offered = [...choice.options].some((option) => option.value === zone);
    if (!offered) {
      continue;
    }
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn-sm mt-2";
    button.textContent = choice.dataset.timeZone.replace("{zone}", zone.replaceAll("_", " "));
    button.hidden = choice.value === zone;
    button.addEventListener("click", () => {
      choice.value = zone;
      button.hidden = true;
      choice.focus();
    });
    choice.addEventListener("change", () => {
      button.hidden = choice.value === zone;
    });
    choice.after(button);
  }
})();
