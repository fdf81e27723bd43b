// From the text of a message to elements. Text stays text: nothing from the server is ever read as HTML.

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name in made && typeof value !== "string") made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

export function icon(path) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  made.setAttribute("viewBox", "0 0 24 24");
  made.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(made.namespaceURI, "path");
  line.setAttribute("d", path);
  made.append(line);
  return made;
}

const hidden = (text) => element("span", { class: "sr" }, text);

// Addresses, sites, mail, telephone numbers, and short emergency numbers that follow "bel".
const LINK = new RegExp(
  [
    "(?<url>\\bhttps?://[^\\s<>\"']+)",
    "(?<mail>(?:\\bmailto:)?[\\w.+-]+@[\\w-]+(?:\\.[\\w-]+)+)",
    "(?<tel>\\btel:\\+?[\\d-]{3,20}|(?:\\+\\d{2}|\\b0(?!\\d?-\\d\\d?-\\d{4}))\\d[\\d -]{5,14}\\d\\b)",
    "(?<site>\\b(?:[a-z0-9-]+\\.)+(?:nl|be|eu|com|org)\\b(?:/[^\\s<>\"']*)?)",
    "(?<call>\\b[Bb]el(?:t|len)?(?: (?:dan|direct|meteen|nu|eerst|altijd|of|naar))* (?<short>\\d{3,4})\\b)",
  ].join("|"),
  "gu",
);

export function safeAddress(address, base) {
  try {
    const url = new URL(address, base);
    return ["http:", "https:", "mailto:", "tel:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

function link(address, shown, texts) {
  const href = safeAddress(address);
  if (!href) return shown;
  const isPage = href.startsWith("http");
  const made = element("a", { href, rel: "noopener noreferrer" }, shown);
  if (isPage) {
    made.target = "_blank";
    made.append(hidden(` (${texts.newTab})`));
  }
  return made;
}

function inline(text, texts) {
  const parts = [];
  let from = 0;
  for (const match of text.matchAll(LINK)) {
    const { url, mail, tel, site, call, short } = match.groups;
    let shown = match[0];
    let start = match.index;
    if (call) {
      start += shown.length - short.length;
      shown = short;
    } else if (url || site) shown = shown.replace(/[.,;:!?)\]]+$/, "");
    const address = url
      ? shown
      : mail
        ? `mailto:${shown.replace(/^mailto:/, "")}`
        : call || tel
          ? `tel:${shown.replace(/^tel:/, "").replace(/[^\d+]/g, "")}`
          : `https://${shown}`;
    parts.push(text.slice(from, start), link(address, shown.replace(/^(mailto|tel):/, ""), texts));
    from = start + shown.length;
  }
  parts.push(text.slice(from));
  return parts.filter((part) => part !== "");
}

// Paragraphs, and lists where lines begin with "-", "•", "*" or a number.
export function body(text, texts) {
  const blocks = [];
  let list = null;
  for (const line of text.split("\n")) {
    const [, mark, rest] = /^\s*([-•*]|\d{1,2}[.)])\s+(.*)$/.exec(line) ?? [];
    if (mark) {
      const tag = /\d/.test(mark) ? "ol" : "ul";
      if (list?.localName !== tag) {
        list = element(tag);
        if (tag === "ol" && parseInt(mark) !== 1) list.start = parseInt(mark);
        blocks.push(list);
      }
      list.append(element("li", {}, ...inline(rest, texts)));
    } else {
      list = null;
      if (line.trim()) blocks.push(element("p", {}, ...inline(line, texts)));
    }
  }
  return blocks;
}

const clock = (lang, at) => new Intl.DateTimeFormat(lang, { hour: "2-digit", minute: "2-digit" }).format(at);

export function dayName(lang, at, today) {
  if (at.toDateString() === new Date().toDateString()) return today;
  return new Intl.DateTimeFormat(lang, { weekday: "long", day: "numeric", month: "long" }).format(at);
}

// One message. `actions` go beside the time.
export function turn(who, name, content, at, lang, ...actions) {
  const time = element("time", { datetime: at.toISOString() }, clock(lang, at));
  const bubble = element("div", { class: "bubble", lang: "nl" }, ...content);
  return element("div", { class: `turn ${who}` }, hidden(`${name}: `), bubble, element("div", { class: "meta" }, time, ...actions));
}

// A picture that opens large. Returns null for an address that is no web address.
export function picture({ url, alt, nacht }, server, texts, onZoom) {
  const [href, srcset] = [url, nacht ?? url].map((address) => safeAddress(address, server));
  if (!href?.startsWith("http")) return null;
  const image = element("img", { src: href, alt, loading: "lazy", decoding: "async" });
  const button = element("button", { type: "button", class: "picture", "aria-haspopup": "dialog" },
    element("picture", {}, element("source", { srcset, media: "(prefers-color-scheme: dark)" }), image), hidden(texts.zoom));
  button.addEventListener("click", () => onZoom(image.currentSrc || href, alt));
  image.addEventListener("error", () => button.replaceWith(element("p", {}, alt)));
  return button;
}
