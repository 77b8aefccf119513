// Plain tables: sort by a heading, fold what is long. Small pictures keep their pixels.
(() => {
  const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
  const keyOf = (row, at) => row.cells[at].dataset.v || row.cells[at].textContent.trim();
  const compare = (a, b) => {
    const [x, y] = [Number(a), Number(b)];
    if (Number.isNaN(x) || Number.isNaN(y)) return collator.compare(a, b);
    return x - y;
  };

  for (const table of document.querySelectorAll("table.plain")) {
    const body = table.tBodies[0];
    const shown = Number(table.dataset.shown);
    let all = body.rows.length <= shown + 3;
    let more = null;
    const fold = () => {
      [...body.rows].forEach((row, i) => { row.hidden = !all && i >= shown; });
      if (more) more.hidden = all;
    };
    if (!all) {
      more = document.createElement("button");
      more.type = "button";
      more.className = "more";
      more.textContent = `Show all ${body.rows.length.toLocaleString("en")}`;
      more.addEventListener("click", () => { all = true; fold(); body.rows[shown].cells[0].focus?.(); });
      table.parentElement.after(more);
    }
    fold();
    if (body.rows.length < 3) continue;
    [...table.tHead.rows[0].cells].forEach((head, at) => {
      if (!head.textContent.trim()) return;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending"
          || (!head.hasAttribute("aria-sort") && head.classList.contains("n"));
        for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const rows = [...body.rows].sort((a, b) => compare(keyOf(a, at), keyOf(b, at)) * (down ? -1 : 1));
        body.append(...rows);
        fold();
      });
    });
  }

  document.addEventListener("load", (event) => {
    const image = event.target;
    if (image instanceof HTMLImageElement && image.naturalWidth <= 40) image.classList.add("pixels");
  }, true);
  for (const image of document.images) {
    if (image.complete && image.naturalWidth <= 40) image.classList.add("pixels");
  }
})();
