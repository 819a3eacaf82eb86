// "Choose all" above a column of checkboxes, and how many are chosen on the buttons that act on them.

for (const form of document.querySelectorAll("[data-choosing]")) {
  const all = form.querySelector("[data-choose-all]");
  const boxes = [...form.querySelectorAll("tbody input[type=checkbox]:not(:disabled)")];
  const show = () => {
    const chosen = boxes.filter((box) => box.checked).length;
    all.checked = chosen > 0 && chosen === boxes.length;
    all.indeterminate = chosen > 0 && chosen < boxes.length;
  };
  all.addEventListener("change", () => {
    for (const box of boxes) {
      box.checked = all.checked;
    }
    show();
  });
  form.addEventListener("change", show);
  show();
}
