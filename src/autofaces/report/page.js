// The table of experiments: sorting by any column, and a filter. Without JavaScript the table is there, in its order.
"use strict";

(() => {
  const table = document.getElementById("table");
  if (!table) return;
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const rows = [...body.rows];

  /** The value of a cell: a number where it is one, text in lower case, or null where it is empty. */
  function value(row, column) {
    const cell = row.cells[column];
    const text = cell.dataset.value ?? cell.textContent.trim();
    if (text === "") return null;
    return Number.isNaN(Number(text)) ? text.toLowerCase() : Number(text);
  }

  /** -1, 0 or 1; numbers before text. */
  function compare(a, b) {
    if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
    return a < b ? -1 : a > b ? 1 : 0;
  }

  function sort(column) {
    const direction = heads[column].getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
    heads.forEach((head, i) => {
      if (i === column) head.setAttribute("aria-sort", direction);
      else head.removeAttribute("aria-sort");
    });
    const sign = direction === "ascending" ? 1 : -1;
    const sorted = [...rows].sort((a, b) => {
      const [x, y] = [value(a, column), value(b, column)];
      if (x === null || y === null) return (x === null) - (y === null); // empty cells last, either way
      return sign * compare(x, y);
    });
    body.append(...sorted);
  }

  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sort(column));
    head.append(button);
  });

  const words = document.getElementById("filter");
  const paper = document.getElementById("paper");
  const count = document.getElementById("count");

  /** Rows that have every word of the filter in their name, paper or text columns. */
  function filter() {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const text = `${row.cells[0].textContent} ${row.dataset.paper} ${row.cells[1].textContent}`.toLowerCase();
      row.hidden = !wanted.every((word) => text.includes(word)) || (paper.value && row.dataset.paper !== paper.value);
      shown += !row.hidden;
    }
    count.textContent = `${shown} of ${rows.length}`;
  }

  words.addEventListener("input", filter);
  paper.addEventListener("change", filter);
  document.querySelector(".filters").hidden = false;
  filter();

  // a mark of the chart leads to its row, also where the filter hides it
  for (const link of document.querySelectorAll("a.point")) {
    link.addEventListener("click", () => {
      words.value = paper.value = "";
      filter();
    });
  }
})();
