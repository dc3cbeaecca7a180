// The mapping editor: adding, removing, moving, undoing, pasting, filters, calculated fields.
(() => {
  "use strict";
  const { announce } = window.flowsite;
  const form = document.getElementById("step");
  const rows = () => document.getElementById("map-rows");
  const items = () => [...(rows()?.children ?? [])];
  const inputs = (row) => [...row.querySelectorAll('input[name="source"], input[name="target"]')];
  let sources = new Map();
  let targets = new Map();
  let filter = "";
  let past = [];
  let future = [];
  let current = null;

  // --- What the datalists know of both sides ------------------------------------------------------
  function learn() {
    const read = (id) => new Map([...(document.getElementById(id)?.options ?? [])].map((option) => [option.value, option.dataset]));
    sources = read("map-sources");
    targets = read("map-targets");
    const list = document.getElementById("expression-fields");
    if (list) {
      list.replaceChildren(...[...sources.keys()].map((name) => {
        const row = document.createElement("li");
        const button = Object.assign(document.createElement("button"), { type: "button", className: "link mono", textContent: name });
        row.dataset.row = name.toLowerCase();
        button.dataset.insert = /^[A-Za-z_][A-Za-z0-9_.]*$/.test(name) ? name : `\${${name}}`;
        row.append(button);
        return row;
      }));
    }
    past = [];
    future = [];
    current = snapshot();
    buttons();
  }

  function describe(row) {
    const [source, target] = inputs(row);
    const column = sources.get(source.value);
    const field = targets.get(target.value);
    row.querySelector(".source .t").textContent = column?.t ?? "";
    row.querySelector(".target .t").textContent = field?.t ?? "";
    row.querySelector(".fx").classList.toggle("on", Boolean(source.value.trim()) && !column && !/^[\w.\\]+$/.test(source.value.trim()));
    if (field?.f) row.dataset.f = field.f; else delete row.dataset.f;
  }

  // --- Rows ---------------------------------------------------------------------------------------
  function make(source = "", target = "", kind = "") {
    const row = document.getElementById("map-row").content.firstElementChild.cloneNode(true);
    const [from, to] = inputs(row);
    from.value = source;
    to.value = target;
    row.querySelector('[name="kind"]').value = kind;
    describe(row);
    return row;
  }

  const isBlank = (row) => inputs(row).every((input) => !input.value.trim());

  // Row numbers are what problems refer to: those of the filled rows, in order.
  function number() {
    let n = 0;
    for (const row of items()) {
      row.id = isBlank(row) ? "" : `row-${n}`;
      row.querySelector(".x").value = `remove-${isBlank(row) ? -1 : n}`;
      inputs(row)[0].setAttribute("aria-label", `${words.source} ${n + 1}`);
      inputs(row)[1].setAttribute("aria-label", `${words.target} ${n + 1}`);
      if (!isBlank(row)) n += 1;
    }
  }
  const words = { source: "Source", target: "Target" };

  const snapshot = () => JSON.stringify(items().filter((row) => !isBlank(row))
    .map((row) => [...inputs(row).map((input) => input.value), row.querySelector('[name="kind"]').value]));

  function changed() {
    const now = snapshot();
    number();
    if (now === current) return;
    past.push(current);
    if (past.length > 100) past.shift();
    future = [];
    current = now;
    form.querySelector('[name="suggested"]').value = "";
    after();
  }

  function after() {
    document.getElementById("suggested-note")?.remove();
    buttons();
    count();
    inputs(items()[0] ?? make())[0]?.dispatchEvent(new Event("input", { bubbles: true }));
  }

  function restore(from, to) {
    if (!from.length) return;
    to.push(current);
    const old = JSON.parse(current);
    const wanted = JSON.parse(current = from.pop());
    // Only the stretch that differs is made anew: it is mostly one row of hundreds.
    const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
    const filled = items().filter((row) => !isBlank(row));
    const most = filled.length === old.length ? Math.min(old.length, wanted.length) : 0;
    let head = 0;
    while (head < most && same(old[head], wanted[head])) head += 1;
    let tail = 0;
    while (tail < most - head && same(old.at(-1 - tail), wanted.at(-1 - tail))) tail += 1;
    const made = wanted.slice(head, wanted.length - tail).map(([source, target, kind]) => make(source, target, kind));
    if (head) filled[head - 1].after(...made); else rows().prepend(...made);
    for (const row of filled.slice(head, filled.length - tail)) row.remove();
    if (!items().some(isBlank)) rows().append(make());
    number();
    form.querySelector('[name="suggested"]').value = "";
    after();
  }

  function buttons() {
    const undo = document.querySelector("[data-map-undo]");
    const redo = document.querySelector("[data-map-redo]");
    if (undo) undo.disabled = !past.length;
    if (redo) redo.disabled = !future.length;
  }

  function add(source = "", target = "", focus = true) {
    const last = items().at(-1);
    const row = make(source, target);
    if (last && isBlank(last)) last.before(row); else rows().append(row);
    show("");
    if (focus) {
      const [from, to] = inputs(row);
      (source && !target ? to : from).focus();
      row.scrollIntoView({ block: "nearest" });
    }
    changed();
    return row;
  }

  function remove(row) {
    const next = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    if (!items().length) rows().append(make());
    changed();
    (next ? inputs(next)[0] : document.querySelector("[data-map-add]"))?.focus();
    announce(`− ${inputs(row)[1].value || inputs(row)[0].value}`);
  }

  function move(row, step, field) {
    const other = step < 0 ? row.previousElementSibling : row.nextElementSibling;
    if (!other || isBlank(other)) return;
    if (step < 0) other.before(row); else other.after(row);
    row.querySelector(`[name="${field}"]`).focus();
    changed();
  }

  // --- Counters, filters, unmapped columns --------------------------------------------------------
  function count() {
    const filled = items().filter((row) => !isBlank(row));
    const mapped = new Set(filled.map((row) => inputs(row)[1].value.trim()).filter(Boolean));
    const set = (name, text) => { for (const place of document.querySelectorAll(`[data-count="${name}"]`)) place.textContent = text; };
    set("mapped", filled.filter((row) => inputs(row).every((input) => input.value.trim())).length);
    for (const [name, flag] of [["required", "r"], ["identity", "i"]]) {
      const all = [...targets].filter(([, data]) => data.f?.includes(flag));
      set(name, `${all.filter(([path]) => mapped.has(path)).length}/${all.length}`);
    }
    const texts = filled.map((row) => inputs(row)[0].value);
    const exact = new Set(texts);
    const left = [...sources.keys()].filter((name) => !exact.has(name) && !texts.some((text) => text.includes(name)));
    set("unmapped", left.length);
    document.getElementById("unmapped")?.replaceChildren(...left.slice(0, 300).map((name) => {
      const item = document.createElement("li");
      const button = Object.assign(document.createElement("button"), { type: "button", className: "link mono break", textContent: name });
      button.dataset.mapColumn = name;
      item.append(button);
      return item;
    }));
    for (const button of document.querySelectorAll("#open-fields [data-map-open]")) button.closest("li").hidden = mapped.has(button.dataset.mapOpen);
    const open = document.getElementById("open-fields");
    if (open) open.hidden = ![...open.querySelectorAll("li")].some((item) => !item.hidden);
  }

  function show(wanted) {
    filter = wanted;
    const text = document.querySelector("[data-map-search]")?.value.toLowerCase().trim() ?? "";
    for (const row of items()) {
      const kind = !filter || (filter === "required" && row.dataset.f?.includes("r")) || (filter === "identity" && row.dataset.f?.includes("i")) || (filter === "error" && row.dataset.problem);
      const found = !text || inputs(row).some((input) => input.value.toLowerCase().includes(text));
      row.hidden = !(kind && found);
    }
    for (const chip of document.querySelectorAll("[data-map-filter]")) chip.setAttribute("aria-pressed", String(chip.dataset.mapFilter === filter));
  }

  // --- Problems that the server names --------------------------------------------------------------
  function mark(status) {
    if (!status?.rows) return;
    let n = -1;
    for (const row of items()) {
      if (!isBlank(row)) n += 1;
      const problem = isBlank(row) ? null : status.rows[n];
      row.querySelector(".why")?.remove();
      for (const input of inputs(row)) input.removeAttribute("aria-describedby");
      if (!problem) { delete row.dataset.problem; continue; }
      row.dataset.problem = problem.error ? "error" : "notice";
      const why = Object.assign(document.createElement("p"), { className: "why", textContent: problem.text, id: `why-${n}` });
      row.append(why);
      for (const input of inputs(row)) input.setAttribute("aria-describedby", why.id);
    }
    for (const place of document.querySelectorAll('[data-count="errors"]')) place.textContent = status.counts.errors;
    if (filter) show(filter);
  }

  // --- Events -------------------------------------------------------------------------------------
  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-map-search]")) { event.stopPropagation(); show(filter); }
    const row = event.target.closest?.("#map-rows > li");
    if (row && event.isTrusted) { describe(row); row.querySelector('[name="kind"]').value = ""; }
  }, true);
  document.addEventListener("change", (event) => {
    const row = event.target.closest?.("#map-rows > li");
    if (!row) return;
    describe(row);
    changed();
    if (items().every((one) => !isBlank(one))) rows().append(make());
  });
  form.addEventListener("autosaved", (event) => mark(event.detail));
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.elt.querySelector?.("#map-editor") || event.detail.elt.id === "map-editor") { learn(); number(); }
    const verdict = event.detail.elt.querySelector?.("[data-marks]");
    if (verdict) mark(JSON.parse(verdict.dataset.marks));
  });
  if (document.getElementById("map-editor")) { learn(); number(); }

  document.addEventListener("click", (event) => {
    const hit = (selector) => event.target.closest(selector);
    const row = hit("#map-rows > li");
    let button;
    if (hit("[data-map-add]")) add();
    else if (hit("[data-map-undo]")) restore(past, future);
    else if (hit("[data-map-redo]")) restore(future, past);
    else if ((button = hit("[data-map-filter]"))) show(button.dataset.mapFilter === filter ? "" : button.dataset.mapFilter);
    else if ((button = hit("[data-map-open]"))) add("", button.dataset.mapOpen);
    else if ((button = hit("[data-map-column]"))) add(button.dataset.mapColumn);
    else if ((button = hit("[data-map-accept]"))) {
      event.preventDefault();
      add(button.dataset.source, button.dataset.target, false);
      announce(`${button.dataset.source} → ${button.dataset.target}`);
      const next = button.closest("li").nextElementSibling ?? button.closest("li").previousElementSibling;
      button.closest("li").remove();
      (next?.querySelector("button") ?? document.querySelector("[data-map-add]"))?.focus();
    } else if (row && hit(".x")) { event.preventDefault(); remove(row); }
    else if (row && hit(".fx")) openExpression(row);
    else if ((button = hit("[data-insert]"))) insert(button.dataset.insert);
    else if (hit("[data-expression-use]")) useExpression();
    else if (hit("#expression-check [data-lazy-retry]")) check();
  });

  document.addEventListener("keydown", (event) => {
    const row = event.target.closest?.("#map-rows > li");
    const ctrl = event.ctrlKey || event.metaKey;
    if (row && event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
      event.preventDefault();
      move(row, event.key === "ArrowUp" ? -1 : 1, event.target.name || "source");
    } else if (row && ctrl && event.key === "Enter") { event.preventDefault(); add(); }
    else if (row && ctrl && event.key === "Delete") { event.preventDefault(); remove(row); }
    else if (row && event.key === "Enter" && event.target.tagName === "INPUT") {
      event.preventDefault();
      (event.target.name === "source" ? inputs(row)[1] : inputs(row.nextElementSibling ?? add())[0])?.focus();
    } else if (document.getElementById("map-editor") && ctrl && !event.target.closest("dialog") && event.key.toLowerCase() === "z") {
      event.preventDefault();
      if (document.activeElement?.closest("#map-rows")) { describe(document.activeElement.closest("li")); changed(); }
      if (event.shiftKey) restore(future, past); else restore(past, future);
    }
  });

  // Several lines, with source and target apart by a tab or comma, become rows.
  document.addEventListener("paste", (event) => {
    const row = event.target.closest?.("#map-rows > li");
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (!row || event.target.name !== "source" || !/[\r\n]./.test(text)) return;
    event.preventDefault();
    const pairs = text.split(/\r?\n/).filter((line) => line.trim()).map((line) => line.split(line.includes("\t") ? "\t" : ","));
    const made = pairs.slice(0, 2000).map(([source, target]) => make(source, (target ?? "").trim()));
    row.before(...made);
    if (!isBlank(row)) rows().append(make());
    changed();
    announce(`+ ${made.length}`);
  });

  // --- Calculated fields --------------------------------------------------------------------------
  let editing = null;
  let timer = 0;
  const dialog = () => document.getElementById("expression-dialog");
  const text = () => document.getElementById("expression-text");

  function openExpression(row) {
    editing = row;
    const [source, target] = inputs(row);
    text().value = source.value;
    dialog().querySelector("[data-expression-target]").textContent = target.value ? `→ ${target.value}` : "";
    dialog().showModal();
    text().focus();
    check();
  }

  function check() {
    const url = document.getElementById("map-editor")?.dataset.expressionUrl;
    if (!url || !editing) return;
    htmx.ajax("POST", url, { target: "#expression-check", swap: "innerHTML", source: "#expression-check", values: { expression: text().value, for: inputs(editing)[1].value } });
  }

  function insert(value) {
    const area = text();
    area.setRangeText(value, area.selectionStart, area.selectionEnd, "end");
    area.focus();
    check();
  }

  function useExpression() {
    if (!editing) return;
    inputs(editing)[0].value = text().value.replace(/\s*\n\s*/g, " ").trim();
    editing.querySelector('[name="kind"]').value = "";
    describe(editing);
    changed();
    dialog().close();
    inputs(editing)[0].focus();
  }

  document.addEventListener("input", (event) => {
    if (event.target.id !== "expression-text") return;
    clearTimeout(timer);
    timer = setTimeout(check, 400);
  });
})();
