// The connection: messages that are sent until they have arrived, events that are taken once and in order.

const QUIET = 40_000; // milliseconds without a sign of life until a stream counts as dead; the server speaks every 17 s
const MAX_WAIT = 15_000;

// Storage that a browser may refuse; then all lives as long as the page.
export function storage(kind) {
  const spare = new Map();
  const attempt = (work, otherwise) => {
    try {
      return work(window[kind]);
    } catch {
      return otherwise();
    }
  };
  return {
    get: (key) => attempt((store) => store.getItem(key), () => spare.get(key) ?? null),
    set: (key, value) => attempt((store) => store.setItem(key, value), () => spare.set(key, value)),
    remove: (key) => attempt((store) => store.removeItem(key), () => spare.delete(key)),
  };
}

// Turns the bytes of a stream of server-sent events into {id, event, data}.
export function eventParser(take) {
  const decoder = new TextDecoder();
  let rest = "";
  return (bytes) => {
    const blocks = (rest + decoder.decode(bytes, { stream: true })).split(/\r?\n\r?\n/);
    rest = blocks.pop();
    for (const block of blocks) {
      const event = { id: "", event: "message", data: "" };
      for (const line of block.split(/\r?\n/)) {
        const [, field, value] = /^(id|event|data): ?(.*)$/.exec(line) ?? [];
        if (field === "data") event.data += value;
        else if (field) event[field] = value;
      }
      if (event.data) take(event);
    }
  };
}

const wait = (milliseconds, signal) =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });

export class Client {
  last = 0;
  #api;
  #on;
  #key;
  #outboxKey;
  #local = storage("localStorage");
  #tab = storage("sessionStorage");
  #token;
  #stream = null;
  #generation = 0;
  #outbox = [];
  #isSending = false;
  #wakeSender = () => {};

  constructor(server, on) {
    this.#api = new URL("webhooks/web/", server);
    this.#on = on;
    this.#key = `schakel:${server.host}:token`;
    this.#outboxKey = `schakel:${server.host}:outbox`;
    this.#token = this.#local.get(this.#key);
    addEventListener("online", () => this.#hurry());
    document.addEventListener("visibilitychange", () => document.hidden || this.#hurry());
    addEventListener("storage", (change) => change.key === this.#key && this.#otherTab(change.newValue));
  }

  // Takes up the conversation that this browser has, if any.
  async resume() {
    this.#outbox = JSON.parse(this.#tab.get(this.#outboxKey) ?? "[]");
    if (this.#token) await this.#history();
    for (const { id, text } of this.#outbox) this.#on.pending(id, text);
    this.#drain();
    return Boolean(this.#token);
  }

  async #history() {
    const generation = this.#generation;
    for (let tries = 0; generation === this.#generation; tries++) {
      try {
        const { events, busy, token } = await this.#call("history");
        if (generation !== this.#generation) return;
        this.#keep(token);
        for (const event of events) this.#take(event, true);
        this.#on.busy(busy);
        this.#connect();
        return;
      } catch (error) {
        if (error.status === 401) return this.#lost();
        this.#on.connection(false);
        await wait(Math.min(MAX_WAIT, 500 * 2 ** tries));
      }
    }
  }

  async #call(path, { method = "GET", body, signal } = {}) {
    const headers = { ...(this.#token && { Authorization: `Bearer ${this.#token}` }) };
    if (body) headers["Content-Type"] = "application/json";
    const reply = await fetch(new URL(path, this.#api), {
      method,
      headers,
      body: body && JSON.stringify(body),
      credentials: "omit",
      referrerPolicy: "no-referrer",
      signal: signal ?? AbortSignal.timeout(20_000),
    });
    const content = await reply.json().catch(() => ({}));
    if (!reply.ok) throw Object.assign(new Error(content.error), { status: reply.status, text: content.text });
    return content;
  }

  #keep(token) {
    this.#token = token;
    this.#local.set(this.#key, token);
  }

  #otherTab(token) {
    if (token && this.#token) this.#token = token; // fresher, or found out by a 401
    else if (token) {
      this.#token = token;
      this.#history();
    } else if (this.#token) this.#lost();
  }

  // --- what comes in

  #take(event, isOld = false) {
    if (event.n <= this.last) return;
    this.last = event.n;
    if (event.kind === "user") this.#forget(event.id);
    this.#on.event(event, isOld);
  }

  #connect() {
    if (!this.#stream) this.#listen(this.#generation);
  }

  async #listen(generation) {
    for (let tries = 0; generation === this.#generation; tries++) {
      const stop = new AbortController();
      this.#stream = stop;
      let watchdog;
      const alive = () => {
        clearTimeout(watchdog);
        watchdog = setTimeout(() => stop.abort(), QUIET);
      };
      try {
        alive();
        const reply = await fetch(new URL("events", this.#api), {
          headers: { Authorization: `Bearer ${this.#token}`, "Last-Event-ID": String(this.last) },
          credentials: "omit",
          cache: "no-store",
          referrerPolicy: "no-referrer",
          signal: stop.signal,
        });
        if (reply.status === 401) return generation === this.#generation && this.#lost();
        if (!reply.ok) throw new Error(reply.status);
        const parse = eventParser(({ event, data }) => {
          if (generation !== this.#generation) return;
          if (event === "message") this.#take(JSON.parse(data));
          else if (event === "busy") this.#on.busy(JSON.parse(data));
          else if (event === "gone") this.#lost();
        });
        this.#on.connection(true);
        this.#wakeSender();
        const reader = reply.body.getReader();
        for (;;) {
          const { done, value } = await reader.read();
          if (done) break;
          tries = 0;
          alive();
          parse(value);
        }
      } catch {
        /* connection lost; below it is tried again */
      } finally {
        clearTimeout(watchdog);
      }
      if (generation !== this.#generation) return;
      if (tries > 0 || !navigator.onLine) this.#on.connection(false);
      const pause = new AbortController();
      this.#stream = pause;
      await wait(tries ? Math.min(MAX_WAIT, 500 * 2 ** tries) * (0.7 + Math.random() * 0.6) : 200, pause.signal);
    }
  }

  // Ends a pause, or a stream that died while the device slept.
  #hurry() {
    this.#stream?.abort();
    this.#wakeSender();
  }

  #lost() {
    const hadOne = Boolean(this.#token);
    this.#reset();
    if (hadOne) this.#on.gone();
    this.#drain();
  }

  #reset() {
    this.#generation++;
    this.#stream?.abort();
    this.#stream = null;
    this.#token = null;
    this.last = 0;
    this.#local.remove(this.#key);
  }

  // --- what goes out

  send(text) {
    const id = Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
    this.#outbox.push({ id, text });
    this.#saveOutbox();
    this.#drain();
    return id;
  }

  retry(id, text) {
    if (!this.#outbox.some((message) => message.id === id)) this.#outbox.push({ id, text });
    this.#drain();
  }

  #forget(id) {
    this.#outbox = this.#outbox.filter((message) => message.id !== id);
    this.#saveOutbox();
  }

  #saveOutbox() {
    if (this.#outbox.length) this.#tab.set(this.#outboxKey, JSON.stringify(this.#outbox));
    else this.#tab.remove(this.#outboxKey);
  }

  // One message at a time, in order, each with its id until the server has it: sent twice is answered once.
  async #drain() {
    if (this.#isSending) return;
    this.#isSending = true;
    for (let tries = 0; this.#outbox.length; ) {
      const { id, text } = this.#outbox[0];
      try {
        if (!this.#token) {
          this.#keep((await this.#call("session", { method: "POST" })).token);
          this.#connect();
        }
        await this.#call("messages", { method: "POST", body: { id, text } });
        tries = 0;
        this.#forget(id);
        this.#on.arrived(id);
        this.#connect();
      } catch (error) {
        if (error.status === 401) {
          this.#reset();
          this.#on.gone();
          this.#on.pending(id, text);
        } else if (error.status >= 400 && error.status < 500) {
          this.#forget(id);
          this.#on.refused(id, text, error.text);
        } else {
          this.#on.connection(false);
          if (error.text) this.#on.delayed(id, error.text);
          const pause = new AbortController();
          this.#wakeSender = () => pause.abort();
          await wait(Math.min(MAX_WAIT, 1000 * 2 ** tries++), pause.signal);
        }
      }
    }
    this.#isSending = false;
  }

  // --- the rest

  rate(n, rating) {
    return this.#call("rating", { method: "POST", body: { n, rating } });
  }

  async events() {
    return this.#token ? (await this.#call("history")).events : [];
  }

  async erase() {
    if (this.#token) {
      await this.#call("conversation", { method: "DELETE" }).catch((error) => {
        if (error.status !== 401) throw error; // 401: it was gone already
      });
    }
    this.leave();
  }

  // Starts afresh with the next message.
  leave() {
    this.#outbox = [];
    this.#saveOutbox();
    this.#reset();
  }

  async questions() {
    return (await this.#call("questions")).questions;
  }

  rememberOpen(isOpen) {
    const key = this.#key.replace(/token$/, "open");
    if (isOpen) this.#tab.set(key, "1");
    else this.#tab.remove(key);
  }
}
