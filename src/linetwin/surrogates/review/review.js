"use strict";
// Filters and sorts the tables of a review; without it all rows stand, in the order of the risk.
(() => {
  for (const tools of document.querySelectorAll(".tools")) {
    tools.classList.remove("scripted");
    const rows = [...document.querySelectorAll("#" + tools.dataset.table + " tbody tr")];
    const [text, choice, count] = ["input", "select", "output"].map((tag) => tools.querySelector(tag));
    const filter = () => {
      const words = text.value.toLowerCase().split(/\s+/);
      let shown = 0;
      for (const row of rows) {
        const content = row.textContent.toLowerCase();
        const kinds = (row.dataset.kinds || "").split(" ");
        row.hidden = !(words.every((word) => content.includes(word)) &&
          (!choice.value || kinds.includes(choice.value)));
        shown += row.hidden ? 0 : 1;
      }
      count.textContent = shown + " of " + rows.length;
    };
    text.addEventListener("input", filter);
    choice.addEventListener("input", filter);
    filter();
  }
  for (const head of document.querySelectorAll("th[data-sort]")) {
    head.tabIndex = 0;
    const sort = () => {
      const down = head.getAttribute("aria-sort") !== "descending";
      for (const other of head.parentNode.children) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const body = head.closest("table").tBodies[0];
      const at = [...head.parentNode.children].indexOf(head);
      const key = (row) => row.cells[at].dataset.value ?? row.cells[at].textContent;
      const order = (a, b) => {
        const [x, y] = [key(a), key(b)];
        if (x === "" || y === "") return (x === "") - (y === "");
        const way = head.dataset.sort === "number" ? x - y : x.localeCompare(y);
        return down ? -way : way;
      };
      body.append(...[...body.rows].sort(order));
    };
    head.addEventListener("click", sort);
    head.addEventListener("keydown", (event) => { if (event.key === "Enter") sort(); });
  }
  const open = () => {
    const place = location.hash && document.getElementById(location.hash.slice(1));
    if (place && place.tagName === "DETAILS") place.open = true;
  };
  addEventListener("hashchange", open);
  open();
})();
