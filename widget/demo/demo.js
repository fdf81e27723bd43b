"use strict";
// First version: a plain conversation over the REST channel. Every text is set with textContent.
const sender = `demo-${crypto.randomUUID?.() ?? Math.random().toString(36).slice(2)}`;
const log = document.getElementById("log");
const question = document.getElementById("question");

function say(who, text) {
  const line = document.createElement("p");
  line.className = who;
  line.textContent = text;
  log.append(line);
  line.scrollIntoView({ block: "nearest" });
}

function offer(buttons) {
  const row = document.createElement("div");
  row.className = "choices";
  for (const { title, payload } of buttons) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = title;
    button.addEventListener("click", () => ask(payload, title));
    row.append(button);
  }
  log.append(row);
  row.scrollIntoView({ block: "nearest" });
}

async function ask(message, shown = message) {
  log.querySelectorAll(".choices").forEach((row) => row.remove());
  say("me", shown);
  question.focus();
  try {
    const reply = await fetch("/webhooks/rest/webhook", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ sender, message }),
      signal: AbortSignal.timeout(60000),
    });
    const answers = await reply.json();
    for (const { text, buttons } of Array.isArray(answers) ? answers : [answers]) {
      if (text) say("bot", text);
      if (buttons?.length) offer(buttons);
    }
  } catch {
    say("bot", "De verbinding met de winkel is weg. Probeer het zo nog eens.");
  }
}

document.getElementById("compose").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = question.value.trim();
  if (!text) return;
  question.value = "";
  ask(text);
});
document.getElementById("ask").addEventListener("click", () => question.focus());
document.getElementById("cart").addEventListener("submit", (event) => {
  event.preventDefault();
  document.getElementById("cart-status").textContent = "Dit is een demonstratie: er is niets besteld.";
});
