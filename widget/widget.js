// The launcher: all that a shop's page loads until a visitor opens the chat.
//
//   <script src="https://chat.example/widget.js" defer></script>
//
// Options, as attributes of that element: data-taal, data-kleur, data-positie, data-begroeting, data-openen-bij
// (docs/widget.md). It makes no globals, stores nothing and asks nothing of the network before it is opened.
(() => {
  "use strict";
  const script = document.currentScript;
  const TAG = "schakel-chat";
  if (!script || customElements.get(TAG)) return;
  const VERSION = "dev"; // the server writes the version of the other modules here
  const server = new URL(".", script.src);
  const options = { ...script.dataset };
  const language = options.taal === "en" ? "en" : "nl";
  const LABELS = {
    nl: { ask: "Stel je vraag", one: "1 nieuw bericht", more: "{n} nieuwe berichten", fail: "De chat laadt niet. Probeer het opnieuw." },
    en: { ask: "Ask a question", one: "1 new message", more: "{n} new messages", fail: "The chat does not load. Please try again." },
  }[language];

  const CSS = `
:host { all: initial !important; position: fixed !important; inset: auto !important; bottom: 0 !important; right: 0 !important;
  z-index: 2147483647 !important; display: block !important; }
:host([data-side=links]) { right: auto !important; left: 0 !important; }
:host([hidden]) { display: none !important; }
.launch { all: unset; box-sizing: border-box; position: fixed; bottom: max(1rem, env(safe-area-inset-bottom)); right: 1rem;
  display: flex; align-items: center; gap: .6rem; min-width: 56px; min-height: 56px; padding: 0 1.1rem; border-radius: 28px;
  background: var(--accent, #1f6b4a); color: var(--on-accent, #fff); font: 600 16px/1.2 system-ui, sans-serif; cursor: pointer;
  border: 1px solid transparent; box-shadow: 0 2px 12px #0005; }
:host([data-side=links]) .launch { right: auto; left: 1rem; }
.launch[hidden] { display: none; }
.launch:focus-visible { outline: 3px solid #fff; outline-offset: 0; box-shadow: 0 0 0 6px #111; }
.launch svg { width: 26px; height: 26px; fill: none; stroke: currentColor; stroke-width: 2; stroke-linejoin: round; }
.badge { min-width: 24px; padding: 0 6px; box-sizing: border-box; border-radius: 12px; background: #b3261e; color: #fff;
  font-size: 14px; line-height: 24px; text-align: center; }
.badge[hidden] { display: none; }
.fail { position: fixed; bottom: 84px; right: 1rem; max-width: 16rem; margin: 0; padding: .6rem .8rem; border-radius: 8px;
  background: #fff; color: #111; font: 15px/1.4 system-ui, sans-serif; border: 1px solid #555; }
.fail:empty { display: none; }
@media (max-width: 480px) { .label { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .launch { padding: 0; justify-content: center; } .badge { position: absolute; top: -6px; right: -6px; } }
@media (forced-colors: active) { .launch { border-color: ButtonText; } .launch:focus-visible { outline-color: Highlight; } }
@media print { :host { display: none !important; } }`;

  // A style sheet made by script needs no permission of the page's Content Security Policy.
  function applyStyles(root, css) {
    try {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(css);
      root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
    } catch {
      const style = document.createElement("style");
      style.textContent = css;
      root.append(style);
    }
  }

  // Black or white, whichever reads better on this colour; one of the two always reaches 4.5 to 1.
  function inkOn(hex) {
    const part = (at) => {
      const value = parseInt(hex.slice(at, at + 2), 16) / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    };
    return 0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5) > 0.179 ? "#000" : "#fff";
  }

  const make = (tag, className, text = "") => Object.assign(document.createElement(tag), { className, textContent: text });

  class SchakelChat extends HTMLElement {
    #root = this.attachShadow({ mode: "open" });
    #chat = null;
    #launch = make("button", "launch");
    #badge = make("span", "badge");
    #fail = make("p", "fail");

    connectedCallback() {
      if (this.#root.childNodes.length) return;
      this.lang = language;
      this.dataset.side = options.positie === "links" ? "links" : "rechts";
      applyStyles(this.#root, CSS);
      if (/^#[0-9a-f]{6}$/i.test(options.kleur ?? "")) {
        this.style.setProperty("--accent", options.kleur);
        this.style.setProperty("--on-accent", inkOn(options.kleur));
      }
      this.#launch.type = "button";
      this.#launch.setAttribute("aria-haspopup", "dialog");
      this.#launch.setAttribute("aria-expanded", "false");
      this.#badge.hidden = true;
      this.#fail.setAttribute("role", "alert");
      const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      icon.setAttribute("viewBox", "0 0 24 24");
      icon.setAttribute("aria-hidden", "true");
      const path = document.createElementNS(icon.namespaceURI, "path");
      path.setAttribute("d", "M4 5h16v11H10l-5 4v-4H4zM8 9h8M8 12h5");
      icon.append(path);
      this.#launch.append(icon, make("span", "label", LABELS.ask), this.#badge);
      this.#launch.addEventListener("click", () => this.open());
      this.#root.append(this.#launch, this.#fail);
      this.#openBy(options.openenBij ?? "klik");
    }

    #openBy(way) {
      let wasOpen = false;
      try {
        wasOpen = sessionStorage.getItem(`schakel:${server.host}:open`) === "1" && innerWidth > 480;
      } catch { /* no storage, so nothing to come back to */ }
      if (wasOpen) this.open(false);
      else if (/^\d{1,4}$/.test(way)) setTimeout(() => this.#chat || this.open(false), way * 1000);
      else if (way !== "klik") {
        document.addEventListener("click", (event) => {
          try {
            if (!event.target.closest?.(way)) return;
          } catch {
            return; // no selector
          }
          event.preventDefault();
          this.open();
        });
      }
    }

    async open(takeFocus = true) {
      this.#fail.textContent = "";
      try {
        if (!this.#chat) {
          this.#launch.setAttribute("aria-busy", "true");
          const { Chat } = await import(new URL(`widget/${VERSION}/chat.js`, server).href);
          this.#chat ??= await Chat.create({
            root: this.#root, server, options, language, applyStyles,
            onClose: (returnFocus) => this.#closed(returnFocus),
            onUnread: (count) => this.#unread(count),
          });
        }
        this.#launch.hidden = true;
        this.#launch.setAttribute("aria-expanded", "true");
        this.#unread(0);
        this.#chat.open(takeFocus);
      } catch {
        this.#fail.textContent = LABELS.fail;
      } finally {
        this.#launch.removeAttribute("aria-busy");
      }
    }

    #closed(returnFocus) {
      this.#launch.hidden = false;
      this.#launch.setAttribute("aria-expanded", "false");
      if (returnFocus) this.#launch.focus();
    }

    #unread(count) {
      this.#badge.hidden = !count;
      this.#badge.textContent = count || "";
      const news = count === 1 ? LABELS.one : LABELS.more.replace("{n}", count);
      if (count) this.#launch.setAttribute("aria-label", `${LABELS.ask}, ${news}`);
      else this.#launch.removeAttribute("aria-label");
    }
  }

  customElements.define(TAG, SchakelChat);
  const mount = () => document.body.append(document.createElement(TAG));
  if (document.body) mount();
  else addEventListener("DOMContentLoaded", mount);
})();
