// Sums and shares of a scorecard's lines while one types; "Recount the shares" does it without.
(() => {
  const numberOf = (input) => {
    const number = Number.parseFloat(input.value.trim());
    return input.value.trim() !== "" && number >= 0 ? number : null;
  };

  const recount = (category) => {
    const inputs = [...category.querySelectorAll("[data-weight]")];
    const sum = inputs.reduce((total, input) => total + (numberOf(input) ?? 0), 0);
    category.querySelector("[data-sum]").textContent = String(Math.round(sum * 100) / 100);
    for (const input of inputs) {
      const number = numberOf(input);
      const share = input.closest("tr").querySelector("[data-share]");
      share.textContent = number === null || !sum ? "" : `${Math.round((number / sum) * 100)}%`;
    }
  };

  document.querySelector("[data-scorecard]")?.addEventListener("input", (event) => {
    const category = event.target.closest("[data-category]");
    if (category) recount(category);
  });
})();
