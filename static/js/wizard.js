// The wizard: lists to pick from, parts that are asked for when they are shown, choices by pattern.
(() => {
  "use strict";
  const form = document.getElementById("step");
  if (!form) return;

  // Asks a lazy part again, with its skeleton in place.
  function ask(part) {
    const wait = document.getElementById(`${part.id.replace("-part", "")}-wait`);
    if (wait) part.replaceChildren(wait.content.cloneNode(true));
    part.setAttribute("aria-busy", "true");
    htmx.trigger(part, "retry");
  }

  // The format that a file's name promises, if none is chosen.
  function guessFormat(input) {
    const format = document.getElementById("id_file_type");
    if (!format || format.value || input.name !== "object") return;
    const ending = JSON.parse(input.value).split(".").at(-1).toLowerCase();
    format.value = { csv: "delimited", tsv: "delimited", txt: "delimited", json: "json", parquet: "parquet" }[ending] ?? "";
    format.dispatchEvent(new Event("change", { bubbles: true }));
  }

  // <div data-picks="#part">: choosing something inside shows it in the part.
  document.addEventListener("change", (event) => {
    const list = event.target.closest("[data-picks]");
    const part = list && document.querySelector(list.dataset.picks);
    if (!part) return;
    guessFormat(event.target);
    if (part.closest("details:not([open])")) part.dataset.stale = "";
    else ask(part);
  });
  document.addEventListener("toggle", (event) => {
    const details = event.target;
    if (!details.matches?.("details[data-lazy-details]") || !details.open) return;
    const part = details.querySelector("[data-lazy]");
    if (!("asked" in part.dataset) || "stale" in part.dataset) ask(part);
    part.dataset.asked = "";
    delete part.dataset.stale;
  }, true);

  // data-load-when="field=value": asked for the first time when the choice is made.
  document.addEventListener("change", (event) => {
    for (const part of form.querySelectorAll("[data-load-when]")) {
      const [name, value] = part.dataset.loadWhen.split("=");
      if (event.target.name !== name || event.target.value !== value || "loaded" in part.dataset) continue;
      part.dataset.loaded = "";
      ask(part);
    }
  });

  // <input data-ask="#part">: searches on the server while typing.
  const timers = new WeakMap();
  document.addEventListener("input", (event) => {
    const input = event.target;
    if (!input.matches("[data-ask]")) return;
    clearTimeout(timers.get(input));
    timers.set(input, setTimeout(() => ask(document.querySelector(input.dataset.ask)), 300));
  });
  document.addEventListener("htmx:configRequest", (event) => {
    const search = event.detail.elt.dataset?.q;
    const input = search && document.getElementsByName(search)[0];
    if (input?.value) event.detail.parameters.q = input.value;
  });

  // Enter in a search field is no reason to send the whole form.
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches('input[type="search"], [name="pattern"]')) event.preventDefault();
  });

  // Choices by pattern among the ticks of a table.
  const pattern = (text) => text.split(",").map((one) => one.trim()).filter(Boolean)
    .map((one) => new RegExp(`^${one.replace(/[.+^${}()|[\]\\]/g, "\\$&").replace(/\*/g, ".*").replace(/\?/g, ".")}$`, "i"));
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-pick]");
    const row = button?.closest("[data-picker]");
    if (!row) return;
    event.preventDefault();
    const boxes = [...document.querySelectorAll(`${row.dataset.picker} input[name="column"]`)];
    const rules = pattern(row.querySelector('[name="pattern"]').value);
    const hit = (box) => rules.some((rule) => rule.test(JSON.parse(box.value)));
    for (const box of boxes) {
      if (button.dataset.pick === "all") box.checked = true;
      if (button.dataset.pick === "none") box.checked = false;
      if (button.dataset.pick === "mapped") box.checked = "mapped" in box.dataset;
      if (button.dataset.pick === "pattern" && hit(box)) box.checked = true;
      if (button.dataset.pick === "drop" && hit(box)) box.checked = false;
    }
    boxes[0]?.dispatchEvent(new Event("change", { bubbles: true }));
    window.flowsite.announce(`${boxes.filter((box) => box.checked).length} / ${boxes.length}`);
  });
})();
