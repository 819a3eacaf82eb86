// Sets the theme before anything is painted: the person's choice, else the system's.
// Offers window.portalTheme to app.js; says "portal:theme" when the theme has changed.
(() => {
  "use strict";

  const KEY = "portal-theme";
  const root = document.documentElement;
  const systemIsDark = window.matchMedia("(prefers-color-scheme: dark)");
  let choice = stored();

  // Storage can be forbidden; then the choice holds for this page.
  function stored() {
    try {
      const found = window.localStorage.getItem(KEY);
      return found === "light" || found === "dark" ? found : "auto";
    } catch {
      return "auto";
    }
  }

  function apply() {
    const theme = choice === "auto" ? (systemIsDark.matches ? "dark" : "light") : choice;
    const changes = root.dataset.bsTheme !== theme;
    root.dataset.bsTheme = theme;
    if (changes) {
      document.dispatchEvent(new CustomEvent("portal:theme", { detail: { theme } }));
    }
  }

  function choose(chosen) {
    choice = chosen;
    try {
      window.localStorage.setItem(KEY, chosen);
    } catch {
      // Said above.
    }
    apply();
  }

  root.classList.add("scripted");
  apply();
  systemIsDark.addEventListener("change", apply);
  window.addEventListener("storage", (event) => {
    if (event.key === KEY) {
      choice = stored();
      apply();
    }
  });
  window.portalTheme = { choice: () => choice, choose };
})();
