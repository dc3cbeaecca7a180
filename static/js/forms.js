// Forms: autosave, double submit guard, parts that depend on a choice, questions before an act.
(() => {
  "use strict";
  const { words, make, announce, alertBox, signInLink, renewTokens, isSignIn } = window.flowsite;
  const WAIT_MS = 800;

  // --- Autosave: <form data-autosave[="url"]> and a <span data-saved> in it
  // Answers: JSON {"revision": n}, 204, or 409 with {"url": where to compare}.
  const savers = new Map();

  function body(form) {
    const data = new FormData(form);
    for (const field of form.querySelectorAll('input[type="password"], input[type="file"]')) data.delete(field.name);
    return new URLSearchParams(data);
  }

  class Saver {
    constructor(form) {
      this.form = form;
      this.timer = 0;
      this.running = null;
      this.dirty = false;
      this.failed = false;
    }

    show(state, text, ...more) {
      for (const place of this.form.querySelectorAll("[data-saved]")) {
        place.dataset.state = state;
        place.classList.add("saved");
        place.replaceChildren(text, ...more);
      }
    }

    changed() {
      this.dirty = true;
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.save(), WAIT_MS);
    }

    // Resolves to whether everything typed is stored; never two requests at a time.
    async save() {
      clearTimeout(this.timer);
      if (this.running) await this.running;
      if (!this.dirty) return !this.failed;
      this.dirty = false;
      this.show("saving", words.saving);
      this.running = this.send().finally(() => { this.running = null; });
      return this.running;
    }

    async send() {
      const { form } = this;
      renewTokens();
      const data = body(form);
      // Only a page that may be leaving needs it, and browsers refuse it above 64 kB.
      const keepalive = document.hidden && String(data).length < 60000;
      try {
        const answer = await fetch(form.dataset.autosave || form.action, {
          method: "POST", body: data, credentials: "same-origin", keepalive,
          headers: { "X-Autosave": "1", "X-Requested-With": "fetch", Accept: "application/json" },
        });
        if (answer.status === 401 || answer.status === 403 || isSignIn(answer.url)) return this.fail(words.expired, signInLink());
        const json = answer.headers.get("Content-Type")?.includes("json") ? await answer.json() : {};
        if (answer.status === 409) return this.conflict(json);
        if (!answer.ok) return this.fail(json.message || `${words.failed} (${answer.status})`);
        this.done(json);
        return true;
      } catch {
        return this.fail(words.offline);
      }
    }

    done(json) {
      this.failed = false;
      const revision = this.form.elements.namedItem("revision");
      if (revision && json.revision !== undefined) revision.value = json.revision;
      this.form.querySelector("[data-failure]")?.remove();
      this.show("saved", words.saved);
      this.form.dispatchEvent(new CustomEvent("autosaved", { bubbles: true, detail: json }));
    }

    conflict(json) {
      this.failed = true;
      const link = make("a", { href: json.url || location.href, textContent: words.compare });
      this.show("failed", `${words.conflict} `, link);
      announce(words.conflict);
      return false;
    }

    fail(text, extra) {
      this.failed = this.dirty = true;
      this.show("failed", words.notSaved);
      const box = alertBox(text, () => this.save(), extra);
      this.form.querySelector("[data-failure]")?.remove();
      (this.form.querySelector("[data-errors]") ?? this.form).prepend(box);
      return false;
    }

    get pending() { return this.dirty || this.running !== null; }
  }

  const saverOf = (form) => {
    if (!savers.has(form)) savers.set(form, new Saver(form));
    return savers.get(form);
  };
  const pendingSavers = () => [...savers.values()].filter((saver) => saver.form.isConnected && saver.pending);

  for (const kind of ["input", "change"]) {
    document.addEventListener(kind, (event) => {
      const form = event.target.form;
      if (form?.hasAttribute("data-autosave") && event.target.name && !event.target.closest("[data-no-autosave]")) saverOf(form).changed();
    });
  }
  // A page left before the save would meet its own older revision.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (link.target || link.getAttribute("href").startsWith("#") || link.hasAttribute("download")) return;
    const waiting = pendingSavers();
    if (!waiting.length) return;
    event.preventDefault();
    const place = link.closest("[data-saved]");
    Promise.all(waiting.map((saver) => saver.save())).then((saved) => {
      // "Compare" after a conflict: the newest link holds what was typed last.
      const goal = saved.every(Boolean) ? link : place?.querySelector("a");
      if (goal) location.assign(goal.href);
    });
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") for (const saver of pendingSavers()) saver.save();
  });
  window.addEventListener("beforeunload", (event) => {
    if (pendingSavers().some((saver) => saver.failed)) event.preventDefault();
  });

  // --- Questions and the double submit guard
  const confirmed = new WeakSet();

  function ask(text, yes) {
    const dialog = document.getElementById("confirm");
    dialog.querySelector("p").textContent = text;
    dialog.returnValue = "no";
    dialog.addEventListener("close", () => { if (dialog.returnValue === "yes") yes(); }, { once: true });
    dialog.showModal();
  }

  function lock(form, submitter) {
    form.dataset.sent = "1";
    (submitter ?? form.querySelector("button:not([type=button])"))?.classList.add("is-busy");
    setTimeout(() => unlock(form), 15000);
  }
  function unlock(form) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll(".is-busy")) button.classList.remove("is-busy");
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    const { submitter } = event;
    if (form.method === "dialog") return;
    if (form.dataset.sent) { event.preventDefault(); event.stopImmediatePropagation(); return; }
    const question = submitter?.dataset.confirm ?? form.dataset.confirm;
    const resume = () => { confirmed.add(form); form.requestSubmit(submitter); };
    if (question && !confirmed.has(form)) {
      event.preventDefault();
      event.stopImmediatePropagation();
      ask(question, resume);
      return;
    }
    const saver = savers.get(form);
    if (saver?.pending) {
      // Saving first brings the revision that this submission must carry, and what was typed
      // does not go with the page when the session has ended. A conflict is for the server to show.
      event.preventDefault();
      event.stopImmediatePropagation();
      const save = () => saver.save().then(() => {
        if (!saver.dirty) resume();
        else if (!saver.failed) save();
      });
      save();
      return;
    }
    confirmed.delete(form);
    if (saver) { clearTimeout(saver.timer); saver.dirty = saver.failed = false; }
    if (form.method === "post" && !form.target) lock(form, submitter);
  }, true);
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.detail.elt.closest?.("form");
    if (form) unlock(form);
  });
  window.addEventListener("pageshow", () => { for (const form of document.forms) unlock(form); });
  document.addEventListener("htmx:confirm", (event) => {
    if (!event.detail.question) return;
    event.preventDefault();
    ask(event.detail.question, () => event.detail.issueRequest(true));
  });

  // --- data-show-when="field=value|other" or "field!=value"; data-echo-for
  const valueOf = (form, name) => {
    const field = form?.elements.namedItem(name);
    if (!field) return "";
    if (field.type === "checkbox") return field.checked ? field.value : "";
    return field.value;
  };
  function dependents(root) {
    for (const part of root.querySelectorAll("[data-show-when]")) {
      const [, name, not, values] = part.dataset.showWhen.match(/^([^!=]+)(!?)=(.*)$/);
      const hit = values.split("|").includes(valueOf(part.closest("form"), name));
      part.hidden = hit === Boolean(not);
    }
  }
  // A datetime-local field that holds UTC, said again in the viewer's zone.
  function echo(output) {
    const value = document.getElementById(output.dataset.echoFor)?.value;
    const moment = value ? new Date(`${value}Z`) : null;
    output.textContent = moment && !Number.isNaN(moment.getTime())
      ? moment.toLocaleString(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" }) + " " + Intl.DateTimeFormat().resolvedOptions().timeZone
      : "";
  }
  function refresh(root) {
    dependents(root);
    for (const output of root.querySelectorAll("[data-echo-for]")) echo(output);
  }
  for (const kind of ["change", "input"]) document.addEventListener(kind, (event) => { if (event.target.form) refresh(event.target.form); });
  document.addEventListener("DOMContentLoaded", () => refresh(document));
  document.addEventListener("htmx:afterSettle", () => refresh(document));
})();
