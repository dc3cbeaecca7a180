// Reading aids: copying, times, menus, dialogs, tooltips, filters, selection.
(() => {
  "use strict";
  const { words, announce, toast } = window.flowsite;
  const lang = document.documentElement.lang || "en";

  // --- Copy: data-copy="text", or data-copy-from="pre" for the neighbour's text
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy], [data-copy-from]");
    if (!button) return;
    const text = button.dataset.copy ?? button.parentElement.querySelector(button.dataset.copyFrom).textContent;
    try {
      await navigator.clipboard.writeText(text);
      toast(words.copied);
    } catch {
      toast(words.notCopied, "negative");
    }
  });

  // --- Times: <time datetime data-local>12:00 UTC</time>, <time datetime data-ago>
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const TIME = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" };
  const clock = new Intl.DateTimeFormat(lang, TIME);
  const dayAndClock = new Intl.DateTimeFormat(lang, { day: "numeric", month: "short", ...TIME });
  const relative = new Intl.RelativeTimeFormat(lang, { numeric: "auto", style: "short" });
  const UNITS = [["second", 1, 60], ["minute", 60, 3600], ["hour", 3600, 86400], ["day", 86400, Infinity]];

  function localTimes(root) {
    for (const time of root.querySelectorAll("time[data-local]:not([data-done])")) {
      time.dataset.done = "";
      const moment = new Date(time.dateTime);
      if (zone === "UTC" || zone === "Etc/UTC" || Number.isNaN(moment.getTime())) continue;
      const sameDay = moment.getDate() === moment.getUTCDate();
      time.after(Object.assign(document.createElement("span"), { className: "muted small nowrap", textContent: ` ${(sameDay ? clock : dayAndClock).format(moment)}` }));
    }
    for (const time of root.querySelectorAll("time[data-ago]")) {
      const seconds = (new Date(time.dateTime) - Date.now()) / 1000;
      const [unit, size] = UNITS.find(([, , limit]) => Math.abs(seconds) < limit);
      if (!time.dataset.tip) time.dataset.tip = `${time.textContent}, ${dayAndClock.format(new Date(time.dateTime))}`;
      time.textContent = Math.abs(seconds) < 5 ? words.now : relative.format(Math.round(seconds / size), unit);
    }
  }
  setInterval(() => { if (!document.hidden) localTimes(document); }, 10000);

  // --- Menus close on Escape and on a click elsewhere; dialogs open by data-opens="id"
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
    const opener = event.target.closest("[data-opens]");
    const dialog = opener && document.getElementById(opener.dataset.opens);
    if (dialog) { event.preventDefault(); dialog.showModal(); }
    event.target.closest("[data-closes]")?.closest("dialog").close();
  });
  // Inside a scrolling table a menu would be cut off.
  function placeMenus() {
    for (const menu of document.querySelectorAll(".table-wrap details.menu[open]")) {
      const panel = menu.lastElementChild;
      const box = menu.getBoundingClientRect();
      const below = box.bottom + panel.offsetHeight + 8 < innerHeight;
      const top = below ? box.bottom + 4 : box.top - panel.offsetHeight - 4;
      Object.assign(panel.style, { position: "fixed", right: `${document.documentElement.clientWidth - box.right}px`, top: `${top}px` });
    }
  }
  document.addEventListener("toggle", placeMenus, true);
  document.addEventListener("scroll", placeMenus, true);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = event.target.closest?.("details.menu[open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
    hideTip();
  });

  // --- Tooltips: every title, also on keyboard focus
  const TIPS = "[title], [data-tip]";
  const tip = document.getElementById("tip");

  function showTip(element) {
    if (!tip?.togglePopover) return;
    if (element.title) {
      const named = element.textContent.trim() || element.hasAttribute("aria-label");
      element.setAttribute(named ? "aria-description" : "aria-label", element.title);
      element.dataset.tip = element.title;
      element.removeAttribute("title");
    }
    tip.textContent = element.dataset.tip;
    tip.togglePopover(true);
    const box = element.getBoundingClientRect();
    const left = Math.min(innerWidth - tip.offsetWidth - 4, box.left + (box.width - tip.offsetWidth) / 2);
    const top = box.top - tip.offsetHeight - 6;
    tip.style.left = `${Math.max(4, left)}px`;
    tip.style.top = `${top < 0 ? box.bottom + 6 : top}px`;
  }
  const hideTip = () => tip?.togglePopover?.(false);
  document.addEventListener("pointerover", (event) => {
    const element = event.target.closest?.(TIPS);
    if (element) showTip(element);
    else hideTip();
  });
  document.addEventListener("focusin", (event) => {
    if (event.target.matches(TIPS) && event.target.matches(":focus-visible")) showTip(event.target);
    else hideTip();
  });
  document.addEventListener("scroll", hideTip, true);

  // --- Arrow keys inside [data-arrows] (one tab stop, the rest by arrows)
  document.addEventListener("keydown", (event) => {
    const group = event.target.closest?.("[data-arrows]");
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
    if (!group || step === undefined) return;
    const stops = [...group.querySelectorAll("a, button")];
    const next = stops[Math.max(0, Math.min(stops.length - 1, stops.indexOf(event.target) + step))];
    event.preventDefault();
    event.target.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });

  // --- <input data-filter="#id">: hides rows (tr, [data-row]) whose text lacks the words
  function filter(input) {
    const list = document.querySelector(input.dataset.filter);
    if (!list) return;
    const wanted = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of list.querySelectorAll("tbody tr, [data-row]")) {
      const text = row.dataset.row || [row.textContent, ...[...row.querySelectorAll("input, select")].map((field) => field.value)].join(" ").toLowerCase();
      row.hidden = !wanted.every((word) => text.includes(word));
      if (!row.hidden) shown += 1;
    }
    if (wanted.length) for (const part of list.querySelectorAll("[data-row]:not([hidden]) > details")) part.open = true;
    if (list.matches("[data-select]")) count(list);
    const said = `${shown} ${words.shown}`;
    for (const place of document.querySelectorAll(`[data-filter-count="${input.dataset.filter}"]`)) place.textContent = said;
    clearTimeout(input.announcing);
    input.announcing = setTimeout(() => announce(said), 700);
  }

  // --- data-select-all="#id": ticks the rows that are shown; data-select-count="#id" counts
  function count(list) {
    const boxes = [...list.querySelectorAll('input[type="checkbox"][name]')].filter((box) => !box.disabled);
    const ticked = boxes.filter((box) => box.checked).length;
    const said = `${ticked} / ${boxes.length} ${words.selected}`;
    for (const place of document.querySelectorAll(`[data-select-count="#${list.id}"]`)) place.textContent = said;
    const shown = boxes.filter((box) => !box.closest("[hidden]"));
    for (const all of document.querySelectorAll(`[data-select-all="#${list.id}"]`)) {
      all.checked = shown.length > 0 && shown.every((box) => box.checked);
      all.indeterminate = !all.checked && shown.some((box) => box.checked);
    }
    return said;
  }
  document.addEventListener("input", (event) => { if (event.target.matches("[data-filter]")) filter(event.target); });
  document.addEventListener("change", (event) => {
    const box = event.target;
    if (box.matches("[data-select-all]")) {
      const list = document.querySelector(box.dataset.selectAll);
      for (const one of list.querySelectorAll('input[type="checkbox"][name]')) if (!one.disabled && !one.closest("[hidden]")) one.checked = box.checked;
      announce(count(list));
      list.querySelector('input[type="checkbox"][name]')?.dispatchEvent(new Event("change", { bubbles: true }));
    } else if (box.type === "checkbox" && box.closest("[data-select]")) count(box.closest("[data-select]"));
  });

  function enhance(root) {
    localTimes(root);
    for (const list of root.querySelectorAll("[data-select]")) count(list);
    for (const input of root.querySelectorAll("[data-filter]")) if (input.value) filter(input);
  }
  document.addEventListener("DOMContentLoaded", () => enhance(document));
  document.addEventListener("htmx:afterSettle", () => enhance(document));
  window.addEventListener("beforeprint", () => { for (const part of document.querySelectorAll("details[data-print-open]")) part.open = true; });
})();
