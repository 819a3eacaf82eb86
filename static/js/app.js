// What every page needs: the theme switch, forms that submit themselves, what HTMX could not get.
(() => {
  "use strict";

  // Theme switch: system, light, dark, and round again.

  const NEXT = { auto: "light", light: "dark", dark: "auto" };

  function showTheme() {
    const choice = window.portalTheme.choice();
    for (const button of document.querySelectorAll("[data-theme-switch]")) {
      const name = button.getAttribute(`data-theme-${choice}`);
      button.setAttribute("aria-label", `${name}. ${button.getAttribute(`data-theme-to-${NEXT[choice]}`)}`);
      button.title = name;
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

  // What is above a part that HTMX filters must go on from the address that the part has now.

  function followAddress(form) {
    const field = form.querySelector("select[name]");
    const now = new URLSearchParams(location.search);
    now.delete("page");
    for (const link of form.querySelectorAll("a[href]")) {
      const own = new URLSearchParams(now);
      own.set(field.name, new URL(link.href).searchParams.get(field.name));
      link.search = own.toString();
    }
    for (const hidden of form.querySelectorAll("input[type=hidden]")) {
      hidden.remove();
    }
    now.delete(field.name);
    for (const [name, value] of now) {
      const hidden = document.createElement("input");
      Object.assign(hidden, { type: "hidden", name, value });
      form.prepend(hidden);
    }
  }

  document.addEventListener("htmx:pushedIntoHistory", () => {
    document.querySelectorAll("form.month-picker").forEach(followAddress);
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
    close.setAttribute("aria-label", place.dataset.close);
    close.dataset.dismiss = "";
    notice.append(body, close);
    place.replaceChildren(notice);
  }

  document.addEventListener("htmx:responseError", (event) => {
    const status = event.detail.xhr.status;
    const { refused, failed } = document.getElementById("toasts").dataset;
    tell(status === 403 ? refused : failed.replace("{status}", status));
  });

  document.addEventListener("htmx:sendError", () => {
    tell(document.getElementById("toasts").dataset.unreached);
  });

  showTheme();
  document.addEventListener("portal:theme", showTheme);
})();
