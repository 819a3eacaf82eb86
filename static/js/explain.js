// The tree of an explanation: what stands open stands in the address, so that a link shows the same.
// Without this script every step is a link of its own.
(() => {
  "use strict";

  const address = new URL(window.location.href);
  const opened = new Set(address.searchParams.getAll("open"));
  const whole = new Set(address.searchParams.getAll("all"));

  function put(parameters) {
    parameters.delete("open");
    parameters.delete("all");
    whole.forEach((group) => parameters.append("all", group));
    opened.forEach((path) => parameters.append("open", path));
  }

  // Shutting a part shuts all that is open inside it.
  function keep(path, isOpen) {
    for (const other of [...opened]) {
      if (other === path || (!isOpen && other.startsWith(`${path}/`))) {
        opened.delete(other);
      }
    }
    if (isOpen) {
      opened.add(path);
    }
  }

  function tell() {
    const now = new URL(window.location.href);
    put(now.searchParams);
    window.history.replaceState(window.history.state, "", now);
    for (const form of document.querySelectorAll("form.compare")) {
      form.querySelectorAll("[name=open], [name=all]").forEach((field) => field.remove());
      const parameters = new URLSearchParams();
      put(parameters);
      for (const [name, value] of parameters) {
        const field = document.createElement("input");
        Object.assign(field, { type: "hidden", name, value });
        form.append(field);
      }
    }
  }

  // Groups and the values behind a score are told by their summaries: a click comes before the change.
  document.addEventListener("click", (event) => {
    const details = event.target.closest("summary")?.parentElement;
    const path = details?.dataset.group ?? details?.dataset.openPath;
    if (path) {
      keep(path, !details.open);
      tell();
    }
  });

  // A step asks with what stands open now, not with what stood open when its link was written.
  document.addEventListener("htmx:configRequest", (event) => {
    const { elt } = event.detail;
    const { member } = elt.dataset;
    if (!member && !elt.dataset.wholeGroup) {
      return;
    }
    const wanted = new URL(event.detail.path, window.location.href);
    put(wanted.searchParams);
    if (member) {
      const isOpen = elt.getAttribute("aria-expanded") === "true";
      const others = wanted.searchParams
        .getAll("open")
        .filter((path) => path !== member && !path.startsWith(`${member}/`));
      wanted.searchParams.delete("open");
      [...others, ...(isOpen ? [] : [member])].forEach((path) =>
        wanted.searchParams.append("open", path),
      );
    } else {
      wanted.searchParams.append("all", elt.dataset.wholeGroup);
    }
    event.detail.path = wanted.pathname + wanted.search;
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    const asked = event.detail.requestConfig?.elt;
    if (asked?.dataset.member) {
      keep(asked.dataset.member, asked.getAttribute("aria-expanded") !== "true");
      tell();
    } else if (asked?.dataset.wholeGroup) {
      whole.add(asked.dataset.wholeGroup);
      tell();
    }
  });
})();
