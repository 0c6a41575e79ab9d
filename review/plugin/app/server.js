// Questions to the server, and the outbox: decisions that the journal has not confirmed yet survive in the browser.

const PATIENCE = 20_000; // milliseconds for one answer
const RETRY = [300, 600, 1_000, 2_000, 3_000]; // milliseconds between tries; the last one is repeated

const sleep = (milliseconds) => new Promise((done) => setTimeout(done, Math.max(0, milliseconds)));

/** Ask an operator of the plugin. Throws when there is no answer, or none in time. */
export async function ask(question, params = {}) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), PATIENCE);
  try {
    const answer = await fetch("/operators/execute", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ operator_uri: `@naturel/review/${question}`, params }),
      signal: stop.signal,
    });
    if (!answer.ok) throw new Error(`the server answers ${answer.status}`);
    const body = await answer.json();
    if (body.error) throw new Error(body.error_message || String(body.error));
    return body.result;
  } finally {
    clearTimeout(timer);
  }
}

/** A value that outlives the page. */
export class Kept {
  constructor(name, empty) {
    this.name = name;
    this.empty = empty;
  }

  get() {
    try {
      return JSON.parse(localStorage.getItem(this.name)) ?? this.empty;
    } catch {
      return this.empty;
    }
  }

  set(value) {
    if (value === null) localStorage.removeItem(this.name);
    else localStorage.setItem(this.name, JSON.stringify(value));
  }
}

/** Sends decisions one after another, each until the server confirms it. */
export class Outbox {
  /**
   * @param {string} name - under which the browser keeps what waits
   * @param {{confirmed: Function, refused: Function, changed: Function}} listener
   */
  constructor(name, listener) {
    this.kept = new Kept(name, []);
    this.listener = listener;
    this.tries = 0;
    this.busy = false;
    if (this.waiting.length) this.send();
  }

  get waiting() {
    return this.kept.get();
  }

  /** Whether the last try failed. */
  get troubled() {
    return this.tries > 0;
  }

  /** Keep a parcel, and send it when those before it are through, but not before a time. */
  put(question, params, after = 0) {
    this.kept.set([...this.waiting, { question, params, after }]);
    this.listener.changed();
    this.send();
  }

  async send() {
    if (this.busy) return;
    this.busy = true;
    for (let parcel = this.waiting[0]; parcel; parcel = this.waiting[0]) {
      await sleep(parcel.after - Date.now());
      try {
        const answer = await ask(parcel.question, parcel.params);
        this.tries = 0;
        this.kept.set(this.waiting.slice(1));
        if (answer.refused) this.listener.refused(parcel, answer.refused);
        else this.listener.confirmed(parcel, answer);
      } catch {
        const pause = RETRY[Math.min(this.tries, RETRY.length - 1)];
        this.tries += 1;
        this.listener.changed();
        await sleep(pause);
      }
    }
    this.busy = false;
    this.listener.changed();
  }
}
