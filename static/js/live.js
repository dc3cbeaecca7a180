// Announcements, toasts, what htmx does when a request fails, and focus after a swap.
(() => {
  "use strict";
  const words = document.getElementById("words")?.dataset ?? {};
  const make = (tag, attributes = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), attributes);
    element.append(...children);
    return element;
  };

  let clearing;
  function announce(text) {
    const live = document.getElementById("live");
    if (!live || !text) return;
    clearTimeout(clearing);
    live.textContent = "";
    // An unchanged text is not read again.
    requestAnimationFrame(() => { live.textContent = text; });
    clearing = setTimeout(() => { live.textContent = ""; }, 10000);
  }

  function dismissButton() {
    const button = make("button", { type: "button", className: "copy", textContent: "×" });
    button.dataset.dismiss = "";
    button.setAttribute("aria-label", words.dismiss);
    return button;
  }

  // Toasts with bad news stay until dismissed; the others leave when nobody is reading them.
  function toast(text, tone = "positive") {
    const box = make("div", { className: `alert alert-${tone}` }, make("div", { textContent: text }), dismissButton());
    document.getElementById("toasts").append(box);
    announce(text);
    if (tone === "negative") return;
    const leave = () => (box.matches(":hover, :focus-within") ? setTimeout(leave, 2000) : box.remove());
    setTimeout(leave, 8000);
  }

  function alertBox(text, retry, extra) {
    const line = make("div", { className: "row" });
    if (retry) {
      const button = make("button", { type: "button", className: "btn btn-small", textContent: words.retry });
      button.addEventListener("click", () => { box.remove(); retry(); });
      line.append(button);
    }
    if (extra) line.append(extra);
    const box = make("div", { className: "alert alert-negative" }, make("div", {}, make("p", { textContent: text }), line));
    box.dataset.failure = "";
    announce(text);
    return box;
  }

  function signInLink() {
    const link = make("a", { className: "btn btn-small", target: "_blank", rel: "noopener", textContent: words.signIn });
    link.href = `${document.body.dataset.signIn}?next=${encodeURIComponent(location.pathname)}`;
    return link;
  }

  // Signing in again makes a new form token; the cookie's value is valid in every form.
  function renewTokens() {
    const token = document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1];
    if (!token) return;
    for (const input of document.getElementsByName("csrfmiddlewaretoken")) input.value = token;
    if (document.body.hasAttribute("hx-headers")) document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": token }));
  }

  const isSignIn = (address) => {
    const path = document.body.dataset.signIn;
    return Boolean(path && address && new URL(address, location.href).pathname === path);
  };

  window.flowsite = { words, make, announce, toast, alertBox, signInLink, renewTokens, isSignIn };

  // --- htmx: failures

  const homeOf = (element) => element.closest("[data-errors]") ?? document.getElementById("messages");
  const failureIn = (home) => home.querySelector('[data-failure="htmx"]');

  function failLazy(lazy, text, extra) {
    const wait = lazy.querySelector("[data-lazy-wait]");
    lazy.removeAttribute("aria-busy");
    lazy.replaceChildren(alertBox(text, () => {
      lazy.setAttribute("aria-busy", "true");
      lazy.replaceChildren(wait);
      htmx.trigger(lazy, "retry");
    }, extra));
  }

  function showFailure({ elt, requestConfig: config }, text, extra) {
    const lazy = elt.closest("[data-lazy]");
    if (lazy?.querySelector("[data-lazy-wait]")) return failLazy(lazy, text, extra);
    const home = homeOf(elt);
    // What is polled fails again and again: say it once.
    if (failureIn(home)?.textContent.startsWith(text)) return;
    failureIn(home)?.remove();
    const box = alertBox(text, () => {
      renewTokens();
      htmx.ajax(config.verb, config.path, { source: elt, target: config.target, swap: elt.getAttribute("hx-swap") });
    }, extra);
    box.dataset.failure = "htmx";
    home.prepend(box);
    box.scrollIntoView({ block: "nearest" });
  }

  // A tab that nobody sees does not ask for news.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (document.hidden && event.detail.elt.matches('[hx-trigger*="every"]')) event.preventDefault();
  });
  const expired = (detail) => showFailure(detail, words.expired, signInLink());

  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.xhr && isSignIn(event.detail.xhr.responseURL)) {
      event.detail.shouldSwap = false;
      expired(event.detail);
    }
  });
  document.addEventListener("htmx:responseError", (event) => {
    const { xhr } = event.detail;
    if (xhr.status === 401) return expired(event.detail);
    const plain = xhr.getResponseHeader("Content-Type")?.startsWith("text/plain") && xhr.responseText.length < 500;
    showFailure(event.detail, plain ? xhr.responseText : `${words.failed} (${xhr.status})`);
  });
  document.addEventListener("htmx:sendError", (event) => showFailure(event.detail, words.offline));
  document.addEventListener("htmx:timeout", (event) => showFailure(event.detail, words.slow));
  // "Try again" in a part whose request carries the form, or that a button elsewhere fills.
  document.addEventListener("click", (event) => {
    const lazy = event.target.closest("[data-lazy-retry]")?.closest("[data-lazy]");
    if (lazy?.matches("[hx-get], [hx-post]")) htmx.trigger(lazy, "retry");
    else if (lazy) document.querySelector(`[hx-target="#${lazy.id}"]`)?.click();
  });
  document.addEventListener("click", (event) => {
    const cancel = event.target.closest("[data-lazy-cancel]");
    if (!cancel) return;
    const lazy = cancel.closest("[data-lazy]");
    htmx.trigger(lazy, "htmx:abort");
    failLazy(lazy, words.cancelled);
    lazy.querySelector("button").focus();
  });

  // --- htmx: focus and announcements after a swap

  let focused = null;
  let pressed = null;
  let ticked = [];
  // A button that is disabled while its request runs loses the focus.
  document.addEventListener("htmx:beforeRequest", ({ detail }) => { if (document.activeElement === detail.elt) pressed = detail.elt; });
  let picked = [];
  document.addEventListener("htmx:beforeSwap", (event) => {
    focused = document.activeElement;
    if (focused === document.body && event.detail.requestConfig?.elt === pressed) focused = pressed;
    // What was ticked while a list was being read stays ticked in the list that replaces it.
    ticked = event.target.matches("[data-lazy]") ? [...event.target.querySelectorAll("input[type=radio]:checked")] : [];
    // A selection outlives the news about its rows.
    picked = [...document.querySelectorAll("[data-select=keep] input[type=checkbox]:checked")].map((box) => box.id).filter(Boolean);
  });
  // The mark of a run, or another link without an id, in the list that replaced its own.
  const sameLink = (link) => [...document.getElementsByClassName(link.className)].find((one) => one.href === link.href);

  document.addEventListener("htmx:afterSettle", (event) => {
    const part = event.detail.elt;
    failureIn(homeOf(part))?.remove();
    part.closest("[data-lazy]")?.removeAttribute("aria-busy");
    const wanted = part.matches("[data-focus]") ? part : part.querySelector("[data-focus]");
    if (wanted) wanted.focus();
    else if (focused && focused !== document.body && document.activeElement === document.body) {
      const again = focused.id ? document.getElementById(focused.id) : focused.href ? sameLink(focused) : document.getElementsByName(focused.name || "-")[0];
      const twin = focused.isConnected ? focused : again;
      const place = twin ?? part;
      if (!twin) place.setAttribute("tabindex", "-1");
      place.focus({ preventScroll: true });
    }
    focused = null;
    for (const id of picked) {
      const box = document.getElementById(id);
      if (box && !box.checked && box.closest("[data-select=keep]")) box.checked = true;
    }
    for (const { name, value } of ticked) {
      const twin = [...document.getElementsByName(name)].find((one) => one.value === value);
      if (twin && !twin.checked) twin.checked = true;
    }
    ticked = [];
    const said = part.matches("[data-announce]") ? part : part.querySelector("[data-announce]");
    if (said) announce(said.dataset.announce || said.textContent.trim());
  });
  // Answers may carry HX-Trigger: {"toast": {"text": …, "tone": …}, "announce": {"text": …}}.
  document.addEventListener("toast", (event) => toast(event.detail.text, event.detail.tone));
  document.addEventListener("announce", (event) => announce(event.detail.text));
  document.addEventListener("click", (event) => {
    event.target.closest("[data-dismiss]")?.closest(".alert").remove();
  });
  document.addEventListener("DOMContentLoaded", () => document.querySelector("[data-focus]")?.focus());
})();
