// The search field of every page: "/" goes to it, arrows go through the list, Escape closes it.
// Without this file it is a form that leads to the search page.
(() => {
  "use strict";

  const RECENT_KEPT = 8;
  const A_SUBJECT_OR_DEFINITION =
    /^\/(portfolios|projects|segments|customers|services|metrics|scorecards)\/[^/]+\/$/;

  const field = document.getElementById("search-field");
  const list = document.getElementById("search-list");

  // What was looked at last is kept in this browser alone: for one person, and as long as nobody
  // changes what they may see. What was kept for anybody else is let go.

  const RECENT = "portal-recent";
  const RECENT_KEY = `${RECENT}-${list?.dataset.keptFor ?? ""}`;

  function forgetOthers() {
    try {
      for (const key of Object.keys(localStorage)) {
        if (key.startsWith(RECENT) && key !== RECENT_KEY) {
          localStorage.removeItem(key);
        }
      }
    } catch {
      // A browser that keeps nothing has nothing to forget.
    }
  }

  function recent() {
    try {
      const kept = JSON.parse(localStorage.getItem(RECENT_KEY) ?? "[]");
      return Array.isArray(kept) ? kept.filter((page) => page.path?.startsWith("/") && page.name) : [];
    } catch {
      return [];
    }
  }

  function rememberThisPage() {
    if (!list || !A_SUBJECT_OR_DEFINITION.test(location.pathname)) {
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

  if (list) {
    forgetOthers();
  }
  rememberThisPage();

  // A view is saved as it stands when the link is used: filters may have changed since it was drawn.

  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-save-view]");
    if (link) {
      const chosen = new URLSearchParams({
        address: location.pathname + location.search,
        name: document.querySelector("h1").textContent.trim().replace(/\s+/g, " ").slice(0, 100),
      });
      link.href = `${new URL(link.href).pathname}?${chosen}`;
    }
  });

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

  // The person's saved views, asked for once, when the field is used.

  let views = [];
  let viewsAreAsked = false;

  async function askForViews() {
    if (viewsAreAsked) {
      return;
    }
    viewsAreAsked = true;
    try {
      const answer = await fetch(list.dataset.viewsFrom, { headers: { Accept: "application/json" } });
      views = answer.ok ? (await answer.json()).views : [];
    } catch {
      views = []; // The page "Saved views" has them too.
    }
    if (views.length && document.activeElement === field && !field.value.trim() && chosenOption() === -1) {
      showKnown();
    }
  }

  function addGroup(heading, name, pages) {
    if (!pages.length) {
      return;
    }
    const head = document.createElement("p");
    head.className = "search__head";
    head.setAttribute("role", "presentation");
    head.textContent = heading;
    list.append(head);
    pages.forEach((page, place) => {
      const option = document.createElement("a");
      option.className = "search__option";
      option.id = `search-${name}-${place}`;
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      option.tabIndex = -1;
      option.href = page.href;
      option.textContent = page.name;
      list.append(option);
    });
  }

  function showKnown() {
    const month = new URLSearchParams(location.search).get("month");
    const pages = recent()
      .filter((page) => page.path !== location.pathname)
      .map(({ path, name }) => ({ name, href: month ? `${path}?month=${encodeURIComponent(month)}` : path }));
    list.replaceChildren();
    addGroup(list.dataset.views, "view", views.map(({ name, url }) => ({ name, href: url })));
    addGroup(list.dataset.recent, "recent", pages);
    show(options().length > 0);
  }

  function chosenOption() {
    return options().findIndex((option) => option.getAttribute("aria-selected") === "true");
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
    askForViews();
    if (!field.value.trim()) {
      showKnown();
    } else if (options().length) {
      show(true);
    }
  });

  field.addEventListener("input", () => {
    if (!field.value.trim()) {
      showKnown();
    }
  });

  field.addEventListener("keydown", (event) => {
    const all = options();
    const chosen = chosenOption();
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
      showKnown();
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
