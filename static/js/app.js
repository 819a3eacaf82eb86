// What every page needs: the theme switch, forms that submit themselves, what HTMX could not get.
(() => {
  "use strict";

  // Theme switch: system, light, dark, and round again.

  const NEXT = { auto: "light", light: "dark", dark: "auto" };
  const NAMES = { auto: "as the system", light: "light", dark: "dark" };

  function showTheme() {
    const choice = window.portalTheme.choice();
    for (const button of document.querySelectorAll("[data-theme-switch]")) {
      button.setAttribute("aria-label", `Theme: ${NAMES[choice]}. Change to ${NAMES[NEXT[choice]]}`);
      button.title = `Theme: ${NAMES[choice]}`;
      for (const icon of button.querySelectorAll("[data-theme-icon]")) {
        icon.hidden = icon.dataset.themeIcon !== choice;
      }
    }
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-theme-switch]")) {
      window.portalTheme.choose(NEXT[window.portalTheme.choice()]);
      showTheme();
    }
    if (event.target.closest("[data-print]")) {
      window.print();
    }
    const dismissed = event.target.closest("[data-dismiss]");
    if (dismissed) {
      dismissed.closest(".notice").remove();
    }
  });

  // Forms in the address: submit on change, and leave out what is blank.

  document.addEventListener("change", (event) => {
    const form = event.target.form;
    if (form && form.hasAttribute("data-autosubmit")) {
      form.requestSubmit();
    }
  });

  function dropBlank(data) {
    for (const [name, value] of [...data.entries()]) {
      if (value === "") {
        data.delete(name);
      }
    }
  }

  document.addEventListener("formdata", (event) => {
    if (event.target.hasAttribute("data-brief")) {
      dropBlank(event.formData);
    }
  });

  document.addEventListener("htmx:configRequest", (event) => {
    if (event.target.hasAttribute("data-brief")) {
      dropBlank(event.detail.formData);
    }
  });

  // An answer takes the place of fields that somebody is using meanwhile: what was typed or chosen
  // since it was asked for stays.

  const fieldsAsSent = new WeakMap();
  const typedSince = new WeakMap();

  function fieldsIn(element) {
    return [...element.querySelectorAll("input[id]:not([type=checkbox]), select[id], textarea[id]")];
  }

  document.addEventListener("htmx:beforeRequest", ({ detail }) => {
    fieldsAsSent.set(detail.xhr, new Map(fieldsIn(detail.target).map((field) => [field.id, field.value])));
  });

  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const sent = fieldsAsSent.get(detail.xhr) ?? new Map();
    typedSince.set(
      detail.xhr,
      fieldsIn(detail.target)
        .filter((field) => sent.has(field.id) && sent.get(field.id) !== field.value)
        .map((field) => [field.id, field.value]),
    );
  });

  document.addEventListener("htmx:afterSwap", ({ detail }) => {
    for (const [id, value] of typedSince.get(detail.xhr) ?? []) {
      const field = document.getElementById(id);
      if (field) {
        field.value = value;
      }
    }
  });

  document.addEventListener("htmx:afterSettle", ({ detail }) => {
    const typed = typedSince.get(detail.xhr) ?? [];
    typedSince.delete(detail.xhr);
    for (const [id] of typed) {
      for (const name of ["input", "change"]) {
        document.getElementById(id)?.dispatchEvent(new Event(name, { bubbles: true }));
      }
    }
  });

  // What HTMX asked for and did not get is told, once, at the foot of the window.

  function tell(text) {
    const place = document.getElementById("toasts");
    const notice = document.createElement("div");
    notice.className = "notice notice--error toast-line";
    const body = document.createElement("div");
    body.className = "notice__body";
    body.textContent = text;
    const close = document.createElement("button");
    close.type = "button";
    close.className = "btn-close";
    close.setAttribute("aria-label", "Close");
    close.dataset.dismiss = "";
    notice.append(body, close);
    place.replaceChildren(notice);
  }

  document.addEventListener("htmx:responseError", (event) => {
    const status = event.detail.xhr.status;
    tell(
      status === 403
        ? "You may not do this, or your session has ended. Load the page again."
        : `The server could not answer (${status}). What you see is unchanged; try again.`,
    );
  });

  document.addEventListener("htmx:sendError", () => {
    tell("The server can't be reached. What you see is unchanged; try again.");
  });

  showTheme();
  document.addEventListener("portal:theme", showTheme);
})();
