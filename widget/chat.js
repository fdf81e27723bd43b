// The open chat: draws the conversation, takes what the visitor does.

import { Client } from "./client.js";
import { body, dayName, element, icon, picture, turn } from "./render.js";
import css from "./style.js";
import { makeIndex, suggest } from "./suggest.js";

const MAX_TEXT = 2000;
const ICONS = {
  close: "M6 6l12 12M18 6L6 18",
  menu: "M5 12h.01M12 12h.01M19 12h.01",
  send: "M4 12h15M13 6l6 6-6 6",
  up: "M7 11v9H4v-9zM7 11l4-7c2 0 2.5 1 2 3l-.5 3H19l-1.5 9-1 1H7",
  down: "M7 13V4H4v9zM7 13l4 7c2 0 2.5-1 2-3l-.5-3H19l-1.5-9-1-1H7",
};

export class Chat {
  static async create(settings) {
    const texts = (await import(`./texts.${settings.language}.js`)).default;
    return new Chat(settings, texts);
  }

  #isOpen = false;
  #unread = 0;
  #day = "";
  #told = new Set(); // ids of messages whose delay was explained
  #pending = new Map(); // id -> element of a message that the server has not told of yet
  #index = null;
  #options = [];
  #active = -1;
  #isOnline = true;
  #asked = null; // the latest question that was asked while looking

  constructor({ root, server, options, language, applyStyles, onClose, onUnread }, texts) {
    Object.assign(this, { root, server, language, texts, onClose, onUnread });
    applyStyles(root, css);
    this.#draw(options);
    this.client = new Client(server, {
      event: (event, isOld) => this.#event(event, isOld),
      busy: (isBusy) => this.#busy(isBusy),
      connection: (isOnline) => this.#connection(isOnline),
      gone: () => (this.#clear(), this.#note(texts.gone)),
      pending: (id, text) => this.#showPending(id, text),
      arrived: (id) => this.#mark(id, ""),
      refused: (id, text, reason) => this.#refused(id, text, reason),
      delayed: (id, reason) => this.#delayed(id, reason),
    });
    this.ready = this.client.resume();
  }

  // --- the frame

  #draw(options) {
    const t = this.texts;
    const button = (name, label, onclick) =>
      element("button", { type: "button", class: name, "aria-label": label, title: label, onclick }, icon(ICONS[name]));
    this.menuButton = button("menu", t.menu, () => this.#toggleMenu());
    this.menuButton.className = "menu-button";
    this.menuButton.setAttribute("aria-expanded", "false");
    this.human = element("button", { type: "button", class: "human", onclick: () => this.#say(t.humanSays) }, t.human);
    this.heading = element("h2", { id: "title", tabindex: "-1" }, t.title);
    const item = (label, onclick) => element("button", { type: "button", onclick }, label);
    this.menu = element(
      "div",
      { class: "menu", hidden: true },
      item(t.fresh, () => this.#confirm(t.freshAsk, t.yesFresh, () => this.#fresh())),
      item(t.download, () => this.#download()),
      item(t.erase, () => this.#confirm(t.eraseAsk, t.yesErase, () => this.#erase())),
    );
    this.log = element("div", { class: "log", role: "log", "aria-live": "off", "aria-label": t.log, tabindex: "0" });
    this.typing = element("div", { class: "turn bot typing", hidden: true }, element("div", { class: "bubble" },
      element("span"), element("span"), element("span"), element("i", { class: "sr" }, t.typing)));
    this.state = element("div", { class: "state", role: "status" });
    this.announcer = element("div", { class: "sr", "aria-live": "polite" });
    this.list = element("ul", { id: "list", role: "listbox", "aria-label": t.suggestions, hidden: true });
    this.input = element("input", {
      id: "input", type: "text", role: "combobox", "aria-label": t.input, "aria-autocomplete": "list", "aria-expanded": "false",
      "aria-controls": "list", autocomplete: "off", enterkeyhint: "send", placeholder: t.placeholder, maxlength: String(MAX_TEXT),
      oninput: () => this.#suggest(), onfocus: () => this.#loadQuestions(), onkeydown: (event) => this.#inputKey(event),
      onblur: () => this.#offer([]),
    });
    this.sendButton = button("send", t.send);
    this.sendButton.type = "submit";
    const form = element("form", { novalidate: "", onsubmit: (event) => (event.preventDefault(), this.#submit()) },
      this.input, this.sendButton);
    this.panel = element(
      "section",
      { class: "panel", role: "dialog", "aria-labelledby": "title", hidden: true, onkeydown: (event) => this.#panelKey(event) },
      element("div", { class: "head" }, this.heading, this.human, this.menuButton, button("close", t.close, () => this.close()),
        (this.kind = element("p", {}, t.kind))),
      this.menu, this.log, this.state, element("div", { class: "foot" }, this.list, form), this.announcer,
    );
    this.greeting = options.begroeting || t.greeting;
    this.root.append(this.panel);
    this.#clear();
  }

  open(takeFocus) {
    this.#isOpen = true;
    this.#unread = 0;
    this.panel.hidden = false;
    this.client.rememberOpen(true);
    this.#isModal();
    this.#scroll();
    // A touch screen's keyboard would hide the conversation.
    if (takeFocus) (matchMedia("(pointer: coarse)").matches || this.input.disabled ? this.heading : this.input).focus();
  }

  close() {
    const hadFocus = this.panel.matches(":focus-within");
    this.#isOpen = false;
    this.panel.hidden = true;
    this.#toggleMenu(false);
    this.client.rememberOpen(false);
    this.onClose(hadFocus);
  }

  // The panel fills a small screen; the page behind it is out of reach then.
  #isModal() {
    const fills = matchMedia("(max-width: 480px), (max-height: 480px)").matches;
    if (fills) this.panel.setAttribute("aria-modal", "true");
    else this.panel.removeAttribute("aria-modal");
    return fills;
  }

  #panelKey(event) {
    if (event.key === "Escape" && !event.defaultPrevented && !this.dialog) {
      event.preventDefault();
      event.stopPropagation();
      if (this.menu.hidden) this.close();
      else this.#toggleMenu(false, true);
    } else if (event.key === "Tab" && this.#isModal()) {
      const reach = [...this.panel.querySelectorAll("button, input, a[href], [tabindex='0']")]
        .filter((one) => !one.disabled && one.offsetParent);
      const edge = event.shiftKey ? reach[0] : reach[reach.length - 1];
      const focused = this.root.activeElement;
      if (focused === edge || (event.shiftKey && focused === this.heading)) {
        event.preventDefault();
        (event.shiftKey ? reach[reach.length - 1] : reach[0]).focus();
      }
    }
  }

  #toggleMenu(show = this.menu.hidden, returnFocus = false) {
    this.menu.hidden = !show;
    this.menuButton.setAttribute("aria-expanded", String(show));
    if (show) this.menu.firstChild.focus();
    else if (returnFocus) this.menuButton.focus();
  }

  #dialog(className, label, ...content) {
    const dialog = element("dialog", { class: className, "aria-label": label }, ...content);
    const back = this.root.activeElement;
    this.dialog = dialog;
    dialog.addEventListener("keydown", (event) => event.stopPropagation());
    dialog.addEventListener("close", () => {
      dialog.remove();
      this.dialog = null;
      (back?.isConnected && back.offsetParent ? back : this.input.disabled ? this.heading : this.input).focus();
    });
    this.panel.append(dialog);
    dialog.showModal();
    return dialog;
  }

  #confirm(question, yes, act) {
    const dialog = this.#dialog("", question, element("p", {}, question), element("div", { class: "row" },
      element("button", { type: "button", onclick: () => dialog.close() }, this.texts.no),
      element("button", { type: "button", onclick: () => (dialog.close(), this.#toggleMenu(false), act()) }, yes)));
  }

  #zoom(src, alt) {
    const t = this.texts;
    const size = element("button", { type: "button", "aria-pressed": "false", onclick: () => {
      const large = dialog.classList.toggle("large");
      size.setAttribute("aria-pressed", String(large));
      size.textContent = large ? t.zoomOut : t.zoomIn;
    } }, t.zoomIn);
    const back = element("button", { type: "button", onclick: () => dialog.close() }, t.back);
    const dialog = this.#dialog("zoom", alt || t.zoom, element("div", { class: "row" }, size, back),
      element("div", { class: "frame", tabindex: "0", role: "group", "aria-label": alt || t.zoom }, element("img", { src, alt })));
  }

  // --- the conversation

  #clear() {
    this.#pending.clear();
    this.#asked = null;
    this.#day = "";
    this.log.replaceChildren(this.typing);
    this.#busy(false);
    this.#applyState("open", true);
    this.#aside(this.greeting);
    this.#choices(this.texts.started.map((title) => ({ title, payload: title })));
  }

  #add(...nodes) {
    // What the visitor reads further up stays in place.
    const isAtEnd = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 120;
    this.typing.before(...nodes);
    if (isAtEnd) this.#scroll();
  }

  // To the end, but no further than the latest question: a long answer is read from its beginning.
  #scroll() {
    const isZoomed = getComputedStyle(this.panel).display === "block"; // then the whole panel scrolls
    const box = isZoomed ? this.panel : this.log;
    const asked = this.#asked ? this.#asked.offsetTop - 12 + (isZoomed ? this.log.offsetTop : 0) : Infinity;
    box.scrollTop = Math.min(asked, box.scrollHeight);
  }

  #note(text, isOld = false) {
    this.#add(element("p", { class: "note" }, text));
    if (isOld) return;
    this.announcer.textContent = text;
  }

  // What the assistant says outside the conversation that is kept.
  #aside(text) {
    const said = turn("bot", this.texts.bot, body(text, this.texts), new Date(), this.language);
    said.querySelector(".meta").remove();
    this.#add(said);
  }

  #daySeparator(at) {
    const day = dayName(this.language, at, this.texts.today);
    if (day !== this.#day) this.#add(element("p", { class: "day" }, day));
    this.#day = day;
  }

  #event(event, isOld) {
    const at = new Date(event.at * 1000);
    if (event.kind === "user") {
      const waiting = this.#pending.get(event.id);
      if (waiting) {
        this.#pending.delete(event.id);
        this.#setStatus(waiting, "");
        if (!isOld && !this.#pending.size) return;
        waiting.remove(); // drawn anew below, in the server's order
      }
      this.#dropChoices();
      this.#daySeparator(at);
      const said = turn("user", this.texts.you, body(event.label ?? event.text, this.texts), at, this.language);
      if (!isOld) this.#asked = said;
      this.#add(said);
      for (const later of this.#pending.values()) this.typing.before(later);
    } else if (event.kind === "bot") {
      this.#daySeparator(at);
      this.#drawReply(event, at);
      if (!isOld) this.#announce(event);
    } else if (event.kind === "state") this.#applyState(event.state, isOld, event.text);
  }

  #drawReply(event, at) {
    const content = event.text ? body(event.text, this.texts) : [];
    const image = event.image && picture(event.image, this.server, this.texts, (src, alt) => this.#zoom(src, alt));
    if (image) content.push(image);
    const thumbs = event.reply_to ? this.#thumbs(event) : [];
    // What a human says carries the name, for the eye too.
    const from = event.van ? [element("span", { class: "from" }, event.van)] : [];
    const name = event.van ?? this.texts.bot;
    if (content.length) this.#add(turn("bot", name, content, at, this.language, ...from, ...thumbs));
    image?.querySelector("img").addEventListener("load", () => this.#scroll(), { once: true });
    if (event.buttons) this.#choices(event.buttons);
  }

  #announce(event) {
    const t = this.texts;
    this.announcer.textContent = [`${event.van ?? t.bot}: ${event.text ?? ""}`, event.image?.alt, event.buttons && t.choices]
      .filter(Boolean).join(" ");
    if (!this.#isOpen) this.onUnread(++this.#unread);
  }

  #thumbs(event) {
    let rating = event.rating ?? null;
    const show = () => buttons.forEach((one) => one.setAttribute("aria-pressed", String(one.value === rating)));
    const thumb = (value, label) => element("button", {
      type: "button", value, "aria-label": label, title: label, onclick: async () => {
        const before = rating;
        rating = rating === value ? null : value;
        show();
        try {
          await this.client.rate(event.n, rating);
          if (rating) this.announcer.textContent = this.texts.thanks;
        } catch {
          rating = before;
          show();
        }
      },
    }, icon(ICONS[value]));
    const buttons = [thumb("up", this.texts.helpful), thumb("down", this.texts.unhelpful)];
    show();
    return buttons;
  }

  #choices(buttons) {
    const make = ({ title, payload }) => element("li", { lang: "nl" },
      element("button", { type: "button", onclick: () => this.#say(payload, title) }, title));
    this.#add(element("ul", { class: "choices", "aria-label": this.texts.choices }, ...buttons.map(make)));
    this.#lock();
  }

  #dropChoices() {
    const rows = this.log.querySelectorAll(".choices");
    const hadFocus = [...rows].some((row) => row.contains(this.root.activeElement));
    rows.forEach((row) => row.remove());
    if (hadFocus) this.input.focus();
  }

  #say(text, shown = text) {
    if (this.input.disabled) return;
    this.#toggleMenu(false);
    this.#showPending(this.client.send(text), shown);
    this.#scroll();
  }

  #showPending(id, shown) {
    if (this.#pending.has(id)) return;
    this.#dropChoices();
    this.#daySeparator(new Date());
    const made = turn("user", this.texts.you, body(shown, this.texts), new Date(), this.language,
      element("span", { class: "status" }, this.texts.sending));
    this.#pending.set(id, made);
    this.#asked = made;
    this.#add(made);
  }

  #setStatus(made, ...content) {
    made?.querySelector(".status")?.replaceChildren(...content);
  }

  #mark(id, text) {
    this.#setStatus(this.#pending.get(id), text);
    if (text === "") this.#connection(true);
  }

  #refused(id, text, reason) {
    const t = this.texts;
    this.#setStatus(this.#pending.get(id), element("span", { class: "bad" }, t.unsent), element("button", {
      type: "button", class: "retry", onclick: () => (this.#mark(id, t.sending), this.client.retry(id, text)),
    }, t.retry));
    this.#note(reason || t.unsent);
  }

  // The server can't take it just now and says so; it is sent again by itself.
  #delayed(id, reason) {
    if (this.#told.has(id)) return;
    this.#told.add(id);
    this.#aside(reason);
    this.announcer.textContent = reason;
  }

  #busy(isBusy) {
    this.typing.hidden = !isBusy;
    if (isBusy) this.#scroll();
  }

  #connection(isOnline) {
    if (isOnline === this.#isOnline) return;
    this.#isOnline = isOnline;
    this.#showState(isOnline ? "" : navigator.onLine ? this.texts.connecting : this.texts.offline);
    if (isOnline) this.announcer.textContent = this.texts.online;
  }

  #applyState(state, isOld, text) {
    const t = this.texts;
    const said = text ?? (isOld ? "" : { overname: t.handover, mens: t.withHuman, open: t.withBot, afgesloten: t.ended }[state]);
    if (said) this.#note(said, isOld);
    this.conversation = state;
    this.kind.textContent = state === "mens" ? t.kindHuman : t.kind;
    if (state === "mens") this.#dropChoices(); // they were the assistant's
    this.#lock();
    this.#showState("");
  }

  // Read-only while an employee takes over, and after the end.
  #lock() {
    const isLocked = ["overname", "afgesloten"].includes(this.conversation);
    const hadFocus = [this.input, this.sendButton].includes(this.root.activeElement);
    for (const one of [this.input, this.sendButton, this.human, ...this.log.querySelectorAll(".choices button")]) {
      one.disabled = isLocked;
    }
    this.human.disabled ||= this.conversation === "mens"; // there is one already
    if (isLocked && hadFocus) this.heading.focus();
  }

  #showState(text) {
    const t = this.texts;
    const standing = { overname: t.handover, mens: t.withHuman, afgesloten: t.ended }[this.conversation];
    this.state.replaceChildren(text || standing || "");
    if (this.conversation === "afgesloten") {
      this.state.append(" ", element("button", { type: "button", onclick: () => this.#fresh() }, t.fresh));
    }
  }

  // --- what the visitor does with the whole

  #fresh(said = "") {
    this.client.leave();
    this.#clear();
    this.announcer.textContent = said;
    this.input.focus();
  }

  async #erase() {
    try {
      await this.client.erase();
      this.#fresh(this.texts.erased);
      this.#note(this.texts.erased);
    } catch {
      this.#note(this.texts.eraseFailed);
    }
  }

  async #download() {
    this.#toggleMenu(false, true);
    const t = this.texts;
    let events;
    try {
      events = await this.client.events();
    } catch {
      return this.#note(t.connecting);
    }
    const lines = events.filter(({ kind, text }) => kind !== "state" || text).map(({ kind, at, text, van, image, rating }) => {
      const when = new Date(at * 1000).toLocaleString(this.language);
      const opinion = { up: ` (${t.helpful})`, down: ` (${t.unhelpful})` }[rating] ?? "";
      return `[${when}] ${{ user: `${t.you}: `, bot: `${van ?? t.bot}: ` }[kind] ?? ""}${[text, image?.alt].filter(Boolean).join("\n")}${opinion}`;
    });
    const href = URL.createObjectURL(new Blob([lines.join("\n\n") + "\n"], { type: "text/plain;charset=utf-8" }));
    const day = new Date().toISOString().slice(0, 10);
    element("a", { href, download: `gesprek-${day}.txt` }).click();
    setTimeout(() => URL.revokeObjectURL(href), 10_000);
  }

  #submit() {
    const text = this.input.value.trim();
    if (!text) return;
    if (text.length > MAX_TEXT) return this.#note(this.texts.tooLong);
    this.input.value = "";
    this.#offer([]);
    this.#say(text);
  }

  // --- suggestions

  async #loadQuestions() {
    if (this.#index) return;
    this.#index = [];
    try {
      this.#index = makeIndex(await this.client.questions());
    } catch {
      this.#index = null; // the next focus tries again; typing goes on without
    }
  }

  #suggest() {
    const text = this.input.value;
    this.#offer(text.trim().length < 3 || !this.#index ? [] : suggest(this.#index, text));
  }

  #offer(questions) {
    const changed = questions.length !== this.#options.length;
    this.#options = questions;
    this.#select(-1);
    this.list.replaceChildren(...questions.map((question, at) => element("li", {
      id: `option-${at}`, role: "option", "aria-selected": "false", lang: "nl",
      onpointerdown: (event) => event.preventDefault(), // keeps the focus, and with it the list
      onclick: () => this.#choose(at),
    }, question)));
    this.list.hidden = !questions.length;
    this.input.setAttribute("aria-expanded", String(questions.length > 0));
    if (changed && questions.length) {
      const { found, foundOne } = this.texts;
      this.announcer.textContent = questions.length === 1 ? foundOne : found.replace("{n}", questions.length);
    }
  }

  #select(at) {
    this.#active = at;
    [...this.list.children].forEach((option, here) => option.setAttribute("aria-selected", String(here === at)));
    if (at < 0) this.input.removeAttribute("aria-activedescendant");
    else this.input.setAttribute("aria-activedescendant", `option-${at}`);
    this.list.children[at]?.scrollIntoView({ block: "nearest" });
  }

  #choose(at) {
    const question = this.#options[at];
    this.input.value = "";
    this.#offer([]);
    this.#say(question);
  }

  #inputKey(event) {
    const count = this.#options.length;
    if (event.isComposing || !count) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      this.#select(((this.#active + 1 + step + count + 1) % (count + 1)) - 1);
    } else if (event.key === "Enter" && this.#active >= 0) this.#choose(this.#active);
    else if (event.key === "Escape") this.#offer([]);
    else return;
    event.preventDefault();
    if (event.key === "Escape") event.stopPropagation();
  }
}
