// Long tables: the rows come as JSON beside the table and are drawn a page at a time, always as text.
(() => {
  const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
  const number = (value) => value.toLocaleString("en");

  function el(tag, attributes = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value === undefined || value === null || value === false) continue;
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children.filter((child) => child !== null && child !== undefined));
    return node;
  }

  const share = (value) => {
    if (value === null) return "–";
    if (value >= 0.995) return ">99\u00a0%";
    if (value < 0.005 && value > 0) return "<1\u00a0%";
    return `${Math.round(100 * value)}\u00a0%`;
  };
  const marks = (value) => (typeof value === "string" ? [[value, ""]] : value || []);
  const words = (value) => marks(value).map(([name, mark]) => mark + name).join(", ");

  const kept = (value) => marks(value).filter(([, mark]) => mark !== "-").map(([name]) => name).join("; ");

  // A cell that begins like a formula would run in a spreadsheet; an apostrophe keeps it text.
  function safe(value) {
    const text = value === null || value === undefined ? "" : String(value);
    if (typeof value === "number") return text;
    return /^\s*[=+\-@\uff1d\uff0b\uff0d\uff20\t\r]/.test(text) ? `'${text}` : text;
  }
  const quoted = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

  function label([name, mark]) {
    const said = mark === "+" ? "add " : mark === "-" ? "remove " : "";
    return el("span", { class: `label${mark ? (mark === "+" ? " add" : " drop") : ""}`, dir: "auto", title: name },
      said && el("span", { class: "mark" }, said), name);
  }

  function preview(item, row, noun, under) {
    const said = el("div", { class: "said" });
    if (item?.t) said.append(el("p", { dir: "auto" }, item.t));
    if (item?.c) {
      said.append(el("dl", { class: "cells" }, ...item.c.map(([name, value]) =>
        el("div", {}, el("dt", { dir: "auto" }, name), el("dd", { dir: "auto" }, value)))));
    }
    const image = item?.i?.startsWith("data:image/")
      ? el("img", { src: item.i, alt: `Picture of ${noun} ${row}` }) : null;
    said.append(under);
    return el("div", { class: "preview" }, image, said);
  }

  class LongTable {
    constructor(box) {
      this.box = box;
      this.id = box.id;
      const data = JSON.parse(box.querySelector("script").textContent);
      const { columns, rows, items, noun, unfold, download, page } = data;
      Object.assign(this, { columns, rows, items, noun, unfold, download, perPage: page });
      this.at = 0;
      this.open = new Set();
      this.start = data.sort || [null, false];
      this.sorting = this.start;
      this.place = Object.fromEntries(this.columns.map((column, i) => [column.key, i]));
      this.shownColumns = this.columns.filter((c) => !["note", "groups"].includes(c.kind));
      this.order = this.rows.map((_, i) => i);
      this.wanted = { text: "", labels: {}, floors: {} };
      this.build();
      this.update();
    }

    value(i, key) { return this.rows[i][this.place[key]]; }

    haystack(i) {
      this.hay ||= [];
      return this.hay[i] ||= this.columns.map((column, at) => {
        const value = this.rows[i][at];
        if (column.kind === "item") {
          const item = this.items[value] || {};
          return `${value} ${item.t || ""} ${(item.c || []).flat().join(" ")}`;
        }
        if (column.kind === "groups" || column.kind === "share") return "";
        return column.kind === "label" ? words(value) : value ?? "";
      }).join(" \n").toLowerCase();
    }

    build() {
      this.status = el("p", { class: "status", role: "status" });
      this.head = el("tr", { role: "row" }, ...this.shownColumns.map((column) => this.heading(column)));
      this.bodyRows = el("tbody", { role: "rowgroup" });
      const table = el("table", { class: "long", role: "table", "aria-label": this.box.dataset.caption, id: `${this.id}-table` },
        el("thead", { role: "rowgroup" }, this.head), this.bodyRows);
      this.pager = el("nav", { class: "pager", "aria-label": "Pages of the table" });
      this.box.append(this.controls(), table, this.pager);
    }

    heading(column) {
      return el("th", { scope: "col", role: "columnheader", "data-key": column.key, "data-kind": column.kind },
        el("button", { type: "button", class: "sort", onclick: () => this.sortBy(column) }, column.title));
    }

    controls() {
      const box = el("div", { class: "controls", role: "search", "aria-label": this.box.dataset.caption });
      const field = (name, control, extra) =>
        box.append(el("label", { class: `field ${extra || ""}` }, el("span", {}, name), control));
      field("Search", el("input", { type: "search", "aria-controls": `${this.id}-table`, autocomplete: "off", spellcheck: "false",
        oninput: (event) => this.want(() => { this.wanted.text = event.target.value.trim().toLowerCase(); }) }), "wide");
      for (const column of this.columns.filter((c) => c.filter)) {
        if (column.kind === "label") field(column.title, this.choice(column));
        else this.slider(column, field);
      }
      field("Sort by", this.sortChoice(), "wide phone");
      const reset = el("button", { type: "button", class: "quiet", onclick: () => this.reset() }, "Reset");
      const copy = el("button", { type: "button", onclick: () => this.copy(copy) }, "Copy rows");
      const save = el("button", { type: "button", onclick: () => this.save() }, "Download CSV");
      return el("div", { class: "tools" }, box,
        el("div", { class: "actions" }, this.status, el("span", { class: "buttons" }, reset, copy, save)));
    }

    choice(column) {
      const many = new Map();
      this.rows.forEach((_, i) => {
        for (const name of new Set(marks(this.value(i, column.key)).map(([n]) => n))) many.set(name, (many.get(name) || 0) + 1);
      });
      const names = [...many.keys()].sort(collator.compare);
      // Choices go by place, so that a class may be called anything, the empty string included.
      return el("select", { "aria-controls": `${this.id}-table`, "data-key": column.key,
        onchange: (event) => this.want(() => { this.wanted.labels[column.key] = names[Number(event.target.value)]; }) },
      el("option", { value: "-1" }, "any"),
      ...names.map((name, i) => el("option", { value: i }, `${name.length > 60 ? `${name.slice(0, 59)}…` : name} (${number(many.get(name))})`)));
    }

    slider(column, field) {
      const known = this.rows.map((_, i) => this.value(i, column.key)).filter((v) => v !== null);
      const low = Math.floor(100 * known.reduce((a, b) => Math.min(a, b), 1));
      const out = el("span", { class: "num", "aria-hidden": "true" }, `${low}\u00a0%`);
      const input = el("input", { type: "range", min: low, max: 100, value: low, step: 1, "aria-controls": `${this.id}-table`, "data-key": column.key,
        oninput: () => this.want(() => {
          out.textContent = `${input.value}\u00a0%`;
          input.setAttribute("aria-valuetext", out.textContent);
          this.wanted.floors[column.key] = Number(input.value) > low ? Number(input.value) / 100 : undefined;
        }) });
      field(`${column.title}, from`, el("span", { class: "slide" }, input, out), "wide");
    }

    sortChoice() {
      this.sorter = el("select", { onchange: (event) => {
        const [key, way] = event.target.value.split("/");
        this.sort(key, way === "down");
      } });
      for (const column of this.shownColumns) {
        const [up, down] = ["share", "number"].includes(column.kind) ? ["lowest first", "highest first"]
          : column.kind === "item" ? ["first to last", "last to first"] : ["A to Z", "Z to A"];
        this.sorter.append(el("option", { value: `${column.key}/down` }, `${column.title}, ${down}`),
          el("option", { value: `${column.key}/up` }, `${column.title}, ${up}`));
      }
      return this.sorter;
    }

    want(change) { change(); this.at = 0; this.update(); }

    reset() {
      this.wanted = { text: "", labels: {}, floors: {} };
      for (const input of this.box.querySelectorAll(".controls input")) {
        input.value = input.type === "range" ? input.min : "";
        if (input.type === "range") input.nextSibling.textContent = `${input.min}\u00a0%`;
      }
      for (const select of this.box.querySelectorAll(".controls select[data-key]")) select.value = "-1";
      this.order = this.rows.map((_, i) => i);
      this.sorting = this.start;
      this.at = 0;
      this.update();
    }

    sortBy(column) {
      const [key, down] = this.sorting;
      const numeric = ["share", "number"].includes(column.kind);
      this.sort(column.key, key === column.key ? !down : numeric);
    }

    sort(key, down) {
      this.sorting = [key, down];
      const column = this.columns[this.place[key]];
      const way = down ? -1 : 1;
      const order = (a, b) => {
        const [x, y] = [this.value(a, key), this.value(b, key)];
        if (x === null || y === null) return (x === null) - (y === null);  // unknown comes last either way
        const by = column.kind === "label" ? collator.compare(words(x), words(y))
          : typeof x === "number" ? x - y : collator.compare(x, y);
        return way * by || a - b;
      };
      this.order.sort(order);
      this.at = 0;
      this.update();
    }

    fits(i) {
      const { text, labels, floors } = this.wanted;
      for (const [key, name] of Object.entries(labels)) {
        if (name !== undefined && !marks(this.value(i, key)).some(([n]) => n === name)) return false;
      }
      for (const [key, floor] of Object.entries(floors)) {
        if (floor !== undefined && !(this.value(i, key) >= floor)) return false;
      }
      return !text || text.split(/\s+/).every((part) => this.haystack(i).includes(part));
    }

    update() {
      this.kept = this.order.filter((i) => this.fits(i));
      const page = this.kept.slice(this.at, this.at + this.perPage);
      this.bodyRows.replaceChildren(...page.flatMap((i) => this.row(i)));
      if (!page.length) {
        this.bodyRows.append(el("tr", { role: "row" }, el("td", { role: "cell", colspan: this.shownColumns.length, class: "none" },
          "Nothing matches. Try a shorter search, or reset the filters.")));
      }
      const all = this.rows.length;
      const [one, many] = this.noun;
      this.status.textContent = this.kept.length === all ? `${number(all)} ${all === 1 ? one : many}`
        : `${number(this.kept.length)} of ${number(all)} ${many}`;
      for (const head of this.head.children) {
        const [key, down] = this.sorting;
        if (head.dataset.key === key) head.setAttribute("aria-sort", down ? "descending" : "ascending");
        else head.removeAttribute("aria-sort");
      }
      if (this.sorting[0]) this.sorter.value = `${this.sorting[0]}/${this.sorting[1] ? "down" : "up"}`;
      this.page();
    }

    page() {
      const last = this.kept.length;
      this.pager.hidden = last <= this.perPage;
      const go = (to) => { this.at = to; this.update(); this.box.scrollIntoView({ block: "start" }); };
      const button = (text, to, possible) =>
        el("button", { type: "button", disabled: !possible, onclick: () => go(to) }, text);
      this.pager.replaceChildren(
        button("Previous", this.at - this.perPage, this.at > 0),
        el("span", { class: "num" }, `${number(this.at + 1)}–${number(Math.min(this.at + this.perPage, last))} of ${number(last)}`),
        button("Next", this.at + this.perPage, this.at + this.perPage < last));
    }

    row(i) {
      const line = el("tr", { role: "row" }, ...this.shownColumns.map((column) =>
        el("td", { role: "cell", "data-head": column.title, "data-kind": column.kind }, ...this.cell(column, i))));
      const unfolded = this.open.has(i) ? this.details(i) : null;
      return unfolded ? [line, unfolded] : [line];
    }

    cell(column, i) {
      const value = this.value(i, column.key);
      if (column.kind === "item") return [preview(this.items[value], value, this.noun[0], this.under(value, i))];
      if (column.kind === "label") {
        const names = marks(value);
        return names.length ? [el("span", { class: "labels" }, ...names.map(label))] : [el("span", { class: "under" }, "none")];
      }
      if (column.kind === "share") {
        const fill = el("i");
        fill.style.width = `${100 * (value || 0)}%`;
        return [el("span", { class: "share" }, el("span", { class: "num" }, share(value)),
          el("span", { class: "bar", "aria-hidden": "true" }, fill))];
      }
      return [value === null ? "–" : typeof value === "number" ? number(value) : value];
    }

    under(value, i) {
      const under = el("p", { class: "under" }, el("span", { class: "num" }, `${this.noun[0]} ${number(value)}`));
      for (const column of this.columns) {
        const more = this.value(i, column.key);
        if (column.kind === "note" && more) under.append(el("span", { dir: "auto" }, more));
        if (column.kind === "groups" && more?.some(([, rows]) => rows.length)) {
          const open = this.open.has(i);
          under.append(el("button", { type: "button", class: "unfold", "aria-expanded": String(open), "aria-controls": `${this.id}-d${i}`,
            onclick: () => {
              if (open) this.open.delete(i); else this.open.add(i);
              this.update();
              this.bodyRows.querySelector(`[aria-controls="${this.id}-d${i}"]`)?.focus();
            } }, this.unfold));
        }
      }
      return under;
    }

    details(i) {
      const groups = this.columns.filter((c) => c.kind === "groups").flatMap((c) => this.value(i, c.key) || []);
      return el("tr", { role: "row", class: "details", id: `${this.id}-d${i}` },
        el("td", { role: "cell", colspan: this.shownColumns.length },
          el("div", { class: "groups" }, ...groups.filter(([, rows]) => rows.length).map(([title, rows]) =>
            el("div", {}, el("h3", { dir: "auto" }, title), ...rows.map((row) =>
              el("div", { class: "neighbour" }, preview(this.items[row], row, this.noun[0],
                el("p", { class: "under num" }, `${this.noun[0]} ${number(row)}`)))))))));
    }

    table(separator) {
      const columns = this.columns.filter((c) => c.kind !== "groups");
      const lines = [columns.map((c) => c.key), ...this.kept.map((i) => columns.map((c) =>
        (c.kind === "label" ? kept(this.value(i, c.key)) : this.value(i, c.key))))];
      const clean = separator === "," ? (v) => quoted(safe(v)) : (v) => safe(v).replace(/[\t\r\n]+/g, " ");
      return lines.map((line) => line.map(clean).join(separator)).join("\r\n") + "\r\n";
    }

    async copy(button) {
      const before = button.textContent;
      const text = this.table("\t");
      try {
        await navigator.clipboard.writeText(text);
      } catch {  // an older browser, or a page that is not trusted with the clipboard
        const area = el("textarea", { class: "off" });
        area.value = text;
        document.body.append(area);
        area.select();
        document.execCommand("copy");
        area.remove();
      }
      button.textContent = `Copied ${number(this.kept.length)}`;
      setTimeout(() => { button.textContent = before; }, 1800);
    }

    save() {
      const url = URL.createObjectURL(new Blob([this.table(",")], { type: "text/csv;charset=utf-8" }));
      el("a", { href: url, download: this.download }).click();
      setTimeout(() => URL.revokeObjectURL(url), 1000);
    }
  }

  for (const box of document.querySelectorAll(".data-table")) new LongTable(box);
})();
