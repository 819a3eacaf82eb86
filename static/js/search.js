// The search field of every page: "/" goes to it, arrows go through the list, Escape closes it.
// Without this file it is a form that leads to the search page.
(() => {
  "use strict";

  const RECENT_KEY = "portal-recent";
  const RECENT_KEPT = 8;
  const A_SUBJECT_OR_DEFINITION =
    /^\/(portfolios|projects|segments|customers|services|metrics|scorecards)\/[^/]+\/$/;

  const field = document.getElementById("search-field");
  const list = document.getElementById("search-list");

  // What was looked at last is kept in this browser alone.

  function recent() {
    try {
      const kept = JSON.parse(localStorage.getItem(RECENT_KEY) ?? "[]");
      return Array.isArray(kept) ? kept.filter((page) => page.path?.startsWith("/") && page.name) : [];
    } catch {
      return [];
    }
  }

  function rememberThisPage() {
    if (!A_SUBJECT_OR_DEFINITION.test(location.pathname)) {
      return;
    }
    const page = { path: location.pathname, name: document.querySelector("h1").textContent.trim() };
    const kept = [page, ...recent().filter((other) => other.path !== page.path)].slice(0, RECENT_KEPT);
    try {
      localStorage.setItem(RECENT_KEY, JSON.stringify(kept));
    } catch {
      // A browser that keeps nothing: there is no list of recent pages then.
    }
  }

  rememberThisPage();
  if (!field || !list) {
    return;
  }

  function options() {
    return [...list.querySelectorAll("a[role=option]")];
  }

  function show(isOpen) {
    list.hidden = !isOpen;
    field.setAttribute("aria-expanded", String(isOpen));
    if (!isOpen) {
      choose(null);
    }
  }

  function choose(option) {
    for (const other of options()) {
      other.setAttribute("aria-selected", String(other === option));
    }
    if (option) {
      field.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else {
      field.removeAttribute("aria-activedescendant");
    }
  }

  function showRecent() {
    const month = new URLSearchParams(location.search).get("month");
    const pages = recent().filter((page) => page.path !== location.pathname);
    list.replaceChildren();
    if (!pages.length) {
      show(false);
      return;
    }
    const head = document.createElement("p");
    head.className = "search__head";
    head.setAttribute("role", "presentation");
    head.textContent = list.dataset.recent;
    list.append(head);
    pages.forEach((page, place) => {
      const option = document.createElement("a");
      option.className = "search__option";
      option.id = `search-recent-${place}`;
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      option.tabIndex = -1;
      option.href = month ? `${page.path}?month=${encodeURIComponent(month)}` : page.path;
      option.textContent = page.name;
      list.append(option);
    });
    show(true);
  }

  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.closest("input, textarea, select, [contenteditable], [role=grid]");
    if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      field.focus();
      field.select();
    }
  });

  field.addEventListener("focus", () => {
    if (!field.value.trim()) {
      showRecent();
    } else if (options().length) {
      show(true);
    }
  });

  field.addEventListener("input", () => {
    if (!field.value.trim()) {
      showRecent();
    }
  });

  field.addEventListener("keydown", (event) => {
    const all = options();
    const chosen = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
    if (event.key === "Escape") {
      if (!list.hidden) {
        event.preventDefault();
        show(false);
      }
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && all.length) {
      event.preventDefault();
      show(true);
      const step = event.key === "ArrowDown" ? 1 : -1;
      const from = chosen === -1 && step === -1 ? 0 : chosen;
      choose(all[(from + step + all.length) % all.length]);
    } else if (event.key === "Enter" && !list.hidden && chosen !== -1) {
      event.preventDefault();
      all[chosen].click();
    }
  });

  list.addEventListener("htmx:afterSwap", () => {
    if (field.value.trim()) {
      show(document.activeElement === field);
    } else {
      showRecent();
    }
  });

  document.addEventListener("click", (event) => {
    if (!event.target.closest(".search")) {
      show(false);
    }
  });

  field.closest("form").addEventListener("focusout", (event) => {
    if (event.relatedTarget && !event.currentTarget.contains(event.relatedTarget)) {
      show(false);
    }
  });
})();
