// Keeps an open page up to date: how many customers wait, and what is said in a conversation. Everything works without.

const PAUSE = 1000; // milliseconds between two looks at a conversation
const COUNT_PAUSE = 5000;
const wait = (time) => new Promise((done) => setTimeout(done, time));

class LoggedOut extends Error {}

async function ask(address, options = {}) {
  const reply = await fetch(address, { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(15_000), ...options });
  const isJson = (reply.headers.get("Content-Type") ?? "").startsWith("application/json");
  if (reply.redirected || reply.status === 401) throw new LoggedOut();
  if (!isJson) throw new Error(reply.status);
  const content = await reply.json();
  if (!reply.ok) throw Object.assign(new Error(reply.status), { told: content.error });
  return content;
}

// --- the number in the menu

async function count(address) {
  const badge = document.getElementById("aantal");
  const announcer = document.getElementById("gemeld");
  const title = document.title;
  let before = null;
  for (;;) {
    try {
      const { count, text } = await ask(address);
      badge.hidden = !count;
      badge.firstElementChild.textContent = count;
      document.title = count ? `(${count}) ${title}` : title;
      if (before !== null && text && text !== before) announcer.textContent = text;
      before = text;
    } catch (error) {
      if (error instanceof LoggedOut) return;
    }
    await wait(COUNT_PAUSE);
  }
}

// --- a conversation

function draw(line) {
  const item = document.createElement("li");
  item.id = `r${line.n}`;
  item.className = line.author + (line.urgent ? " urgent" : "");
  const who = document.createElement("p");
  who.className = "who";
  if (line.who) {
    const name = document.createElement("strong");
    name.textContent = line.who;
    who.append(name, " ");
  }
  const time = document.createElement("time");
  time.textContent = line.time;
  const delivery = document.createElement("span");
  delivery.className = "delivery";
  who.append(time, " ", delivery);
  const words = document.createElement("div");
  words.className = "words";
  words.textContent = line.text;
  item.append(who, words);
  const box = line.help && document.getElementById("dringend")?.content.cloneNode(true);
  if (box) {
    box.querySelector(".words").textContent = line.help;
    box.querySelector("[name=key]").value = line.key;
    box.querySelector("[name=text]").value = line.help;
    item.append(box);
  }
  return item;
}

async function follow(log) {
  const trouble = document.getElementById("stoornis");
  const tell = (text) => {
    if (trouble.textContent === text) return;
    trouble.textContent = text;
    trouble.hidden = !text;
  };
  const list = log.querySelector("ol");
  let last = Number(log.dataset.last);
  let wake = () => {};
  const form = document.getElementById("bericht");

  form?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const field = form.elements.text;
    if (!field.value.trim()) return;
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      // The key stays until it has arrived: sent again, it is said once.
      const { key } = await ask(form.action, { method: "POST", body: new FormData(form) });
      form.elements.key.value = key;
      field.value = "";
      tell("");
    } catch (error) {
      tell(error.told ?? (error instanceof LoggedOut ? log.dataset.loggedOut : log.dataset.offline));
    }
    button.disabled = false;
    field.focus();
    wake();
  });
  form?.elements.text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });

  log.scrollTop = log.scrollHeight;
  for (let offline = false; ; ) {
    try {
      const { lines, undelivered, ended } = await ask(`${log.dataset.news}?na=${last}`);
      const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
      for (const line of lines) {
        if (line.n > last) list.append(draw(line));
        last = Math.max(last, line.n);
      }
      if (lines.length && isAtEnd) log.scrollTop = log.scrollHeight;
      for (const item of list.children) {
        const shown = undelivered[item.id.slice(1)] ?? "";
        const place = item.querySelector(".delivery");
        if (place.textContent !== shown) place.textContent = shown;
      }
      if (offline) tell("");
      offline = false;
      if (ended && !lines.length) return tell(log.dataset.ended);
    } catch (error) {
      if (error instanceof LoggedOut) return tell(log.dataset.loggedOut);
      offline = true;
      tell(log.dataset.offline);
    }
    await Promise.race([wait(PAUSE), new Promise((done) => (wake = done))]);
  }
}

if (document.body.dataset.stand) count(document.body.dataset.stand);
const log = document.querySelector("#gesprek[data-news]");
if (log) follow(log);
for (const link of document.querySelectorAll(".noscript")) link.hidden = true;
