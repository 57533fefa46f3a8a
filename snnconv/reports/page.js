"use strict";

// A click on a header sorts by it, another one the other way round; cells without a value stay last.
function compare(a, b, isNumber, direction) {
  if (a === "" || b === "") return (a === "") - (b === "");
  return direction * (isNumber ? Number(a) - Number(b) : a.localeCompare(b, undefined, { numeric: true }));
}

function sort(head) {
  const table = head.closest("table");
  const column = head.cellIndex;
  const rising = head.getAttribute("aria-sort") !== "ascending";
  const isNumber = head.classList.contains("number");
  const key = (row) => row.cells[column].dataset.key;
  const rows = [...table.tBodies[0].rows];
  rows.sort((a, b) => compare(key(a), key(b), isNumber, rising ? 1 : -1));
  table.tBodies[0].append(...rows);
  for (const other of head.parentElement.cells) other.setAttribute("aria-sort", "none");
  head.setAttribute("aria-sort", rising ? "ascending" : "descending");
}

for (const head of document.querySelectorAll("table.sortable thead th")) {
  head.querySelector("button").addEventListener("click", () => sort(head));
}

for (const link of document.querySelectorAll("a.save")) {
  link.href = link.closest("figure").querySelector("img").src;
  link.hidden = false;
}

// On paper nothing can be unfolded.
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details")) details.open = true;
});
