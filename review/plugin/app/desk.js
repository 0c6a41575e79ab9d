// The annotator's desk in the browser: items at hand, the draft of the current one, and what every key does.
// Nothing here waits for the server: decisions go to the outbox, and the next items are there before they are wanted.

import { ask, Kept, Outbox } from "./server.js";
import { decisionsOf, isEmpty, reasonsFor, rowsOf, skipOf, undosOf } from "./questions.js";

const AT_HAND = 3; // items fetched ahead
const REMEMBERED = 50; // saved items that can be undone
const RETRY = 1_500; // milliseconds until a question is asked again
const TYPING = 250; // milliseconds without a key until an edit is checked
const DRAWN = 2_000; // milliseconds in which FiftyOne has put drawn boxes into its database

const NEW_DRAFT = { answers: {}, order: [] };

export class Desk {
  constructor() {
    this.listeners = new Set();
    this.version = 0;
    this.items = []; // the current one first
    this.mode = "read"; // read, reason, edit, draw or help
    this.chosen = 0; // the row of a record, the picture of a caption
    this.message = null;
    this.progress = null;
    this.drawn = 0; // until when boxes may be on their way
    this.saved = 0;
    this.begin();
  }

  subscribe = (listener) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  snapshot = () => this.version;

  changed = () => {
    this.version += 1;
    this.listeners.forEach((listener) => listener());
  };

  async begin() {
    try {
      this.session = await ask("status");
    } catch {
      this.message = { kind: "wait", text: "Waiting for the server…" };
      this.changed();
      setTimeout(() => this.begin(), RETRY);
      return;
    }
    const dataset = location.pathname.split("/").at(-1);
    const mine = `naturel/${dataset}/${this.session.annotator}`;
    this.drafts = new Kept(`${mine}/${this.session.queue}/drafts`, {});
    this.history = new Kept(`${mine}/${this.session.queue}/history`, []);
    this.progress = this.session.progress;
    this.message = null;
    this.outbox = new Outbox(`${mine}/outbox`, this);
    this.fetch();
  }

  // --- the server's side

  /** Keys that are decided, or at hand. */
  get busyKeys() {
    const undone = new Set();
    for (const { question, params } of this.outbox.waiting) {
      if (question === "undo") undone.delete(params.key);
      else if (params.done) undone.add(params.done);
    }
    return [...undone, ...this.items.map((item) => item.key)];
  }

  async fetch() {
    if (this.fetching) return;
    this.fetching = true;
    try {
      while (this.items.length < AT_HAND) {
        const known = this.busyKeys;
        const answer = await ask("next", { count: AT_HAND + 1, without: known });
        const now = new Set([...known, ...this.busyKeys]);
        const fresh = answer.items.filter((item) => !now.has(item.key));
        this.progress = answer.progress;
        const first = this.items.length === 0;
        this.items.push(...fresh);
        fresh.flatMap((item) => item.pictures).forEach((one) => { new Image().src = mediaUrl(one); });
        if (first && this.items.length) this.open();
        if (!answer.items.length) break;
      }
      this.empty = this.items.length === 0;
    } catch {
      setTimeout(() => this.fetch(), RETRY);
    }
    this.fetching = false;
    this.changed();
  }

  confirmed(parcel, answer) {
    this.progress = answer.progress;
    if (parcel.question === "save") this.saved += 1;
    if (answer.edited) this.tell("saved", "Saved, with the boxes that you drew.");
    this.changed();
    this.fetch();
  }

  refused(parcel, why) {
    this.tell("bad", `Not saved: ${why}`);
    this.changed();
  }

  tell(kind, text) {
    this.message = { kind, text };
    clearTimeout(this.quiet);
    if (kind !== "bad") this.quiet = setTimeout(() => { this.message = null; this.changed(); }, 4_000);
  }

  // --- the current item

  get item() {
    return this.items[0] ?? null;
  }

  get rows() {
    return this.item ? rowsOf(this.item) : [];
  }

  get draft() {
    return this.drafts?.get()[this.item?.key] ?? NEW_DRAFT;
  }

  setDraft(draft) {
    const { [this.item.key]: _, ...others } = this.drafts.get();
    this.drafts.set(draft && !isEmpty(draft) ? { ...others, [this.item.key]: draft } : others);
    this.changed();
  }

  answer(id, answer) {
    const { answers, order } = this.draft;
    this.setDraft({ answers: { ...answers, [id]: answer }, order: [...order.filter((one) => one !== id), id] });
  }

  /** The picture that is shown large. */
  get picture() {
    const item = this.item;
    if (!item) return null;
    return item.type === "caption" ? item.pictures[this.chosen] ?? null : item;
  }

  open() {
    this.chosen = 0;
    this.mode = "read";
    this.checked = null;
    this.changed();
  }

  choose(number) {
    const count = this.item.type === "caption" ? this.item.pictures.length : this.rows.length;
    if (number >= 0 && number < count) this.chosen = number;
    this.changed();
  }

  step(by) {
    this.choose(this.chosen + by);
  }

  accept() {
    if (this.item.type === "caption") {
      this.answer("sentence", { verdict: "accept" });
      this.save();
    } else {
      this.answer(this.rows[this.chosen].id, { verdict: "accept" });
      this.step(1);
    }
  }

  get reasons() {
    return reasonsFor(this.item, this.rows[this.chosen], this.session.reasons);
  }

  startReject() {
    this.mode = "reason";
    if (this.item.type === "record" && this.reasons.length === 1) this.reject(0);
    this.changed();
  }

  reject(number) {
    const found = this.reasons[number];
    if (!found) return;
    this.mode = "read";
    if (this.item.type === "caption") {
      this.answer("sentence", { verdict: "reject", reason: found[0] });
      this.save();
    } else {
      this.answer(this.rows[this.chosen].id, { verdict: "reject", reason: found[0] });
      this.step(1);
    }
  }

  /** Flag the relation or a box: of the record, or of the chosen picture of a caption. */
  flag(reason) {
    if (this.item.type === "caption") {
      const id = `picture ${this.chosen}`;
      if (!this.item.pictures[this.chosen]) return;
      if (this.draft.answers[id]?.reason === reason) this.forget(id);
      else this.answer(id, { verdict: "reject", reason });
      return;
    }
    const row = this.rows[this.chosen];
    const id = reason === "wrong_relation" ? "relation" : row.role ?? "subject";
    this.answer(id, { verdict: "reject", reason });
  }

  forget(id) {
    const { [id]: _, ...answers } = this.draft.answers;
    this.setDraft({ answers, order: this.draft.order.filter((one) => one !== id) });
  }

  // --- editing

  startEdit() {
    if (this.item.type === "record") {
      this.mode = this.mode === "draw" ? "read" : "draw";
      this.drawn = Date.now() + DRAWN;
    } else {
      this.mode = "edit";
      this.text = this.draft.text ?? this.item.sentence;
      this.checked = null;
      this.sure = false;
      this.check();
    }
    this.changed();
  }

  type(text) {
    this.text = text;
    this.sure = false;
    this.checked = null;
    clearTimeout(this.typing);
    this.typing = setTimeout(() => this.check(), TYPING);
    this.changed();
  }

  async check() {
    const { text, item } = this;
    try {
      const checked = await ask("check", { text: text.trim(), claim: item.claim, style: item.style });
      if (this.text === text && this.item === item) this.checked = checked;
    } catch {
      if (this.text === text && this.mode === "edit") this.typing = setTimeout(() => this.check(), RETRY);
    }
    this.changed();
  }

  get passes() {
    return this.checked?.states === "yes" && this.checked.problems.length === 0;
  }

  finishEdit() {
    const text = this.text.trim();
    if (!text) return;
    if (text === this.item.sentence) {
      this.mode = "read";
      this.changed();
      return;
    }
    if (!this.passes && !this.sure) { // also while the check is on its way
      this.sure = true;
      this.changed();
      return;
    }
    this.mode = "read";
    this.answer("sentence", { verdict: "edit", text });
    this.save();
  }

  // --- saving

  /** Save what is answered; on records, what is not answered is accepted. */
  save() {
    const { item, draft } = this;
    if (!item) return;
    if (item.type === "caption" && !draft.answers.sentence) this.answer("sentence", { verdict: "accept" });
    const decisions = decisionsOf(item, this.draft, this.session.queue === "adjudicate");
    const params = { decisions, done: item.key };
    if (item.type === "record") {
      params.sample = item.sample;
      params.boxes = { subject: item.subject.box, object: item.object?.box ?? null };
    }
    this.leave(item, this.draft, params);
  }

  skip() {
    this.leave(this.item, this.draft, { decisions: [skipOf(this.item)], done: this.item.key });
  }

  leave(item, draft, params) {
    const decisions = params.decisions.map(({ id, kind, key }) => ({ id, kind, key }));
    this.history.set([...this.history.get(), { key: item.key, decisions, draft }].slice(-REMEMBERED));
    this.outbox.put("save", params, this.drawn); // kept in the browser before the draft goes
    this.setDraft(null);
    this.items.shift();
    const unfit = params.decisions.find(({ kind, verdict }) => kind === "image" && verdict === "reject");
    if (unfit && this.session.queue === "images") { // its other records would be accepted with the rest
      this.items = this.items.filter((one) => one.image_key !== unfit.key);
    }
    this.open();
    this.fetch();
  }

  /** Take back the last answer of the draft; where there is none, the item that was saved last. */
  async undo() {
    const { draft } = this;
    if (this.item && draft.order.length) {
      this.forget(draft.order.at(-1));
      return;
    }
    const last = this.history.get().at(-1);
    if (!last) {
      this.tell("wait", "Nothing to undo.");
      this.changed();
      return;
    }
    this.history.set(this.history.get().slice(0, -1));
    this.outbox.put("undo", { decisions: undosOf(last.decisions), key: last.key });
    try {
      const { item } = await ask("item", { key: last.key });
      this.items = [item, ...this.items.filter((one) => one.key !== item.key)];
      const order = last.draft.order.filter((id) => id !== "sentence");
      const answers = Object.fromEntries(order.map((id) => [id, last.draft.answers[id]]));
      this.setDraft({ answers, order });
      this.open();
      this.tell("wait", "Undone: decide again.");
    } catch {
      this.fetch();
    }
    this.changed();
  }

  async help() {
    this.mode = this.mode === "help" ? "read" : "help";
    this.changed();
    if (this.mode !== "help") return;
    try {
      this.session = { ...this.session, ...(await ask("status", { agreement: true })) };
    } catch {
      return; // the keys are shown all the same
    }
    this.changed();
  }
}

/** Where the browser finds a picture. */
export function mediaUrl(picture) {
  return `/media?filepath=${encodeURIComponent(picture.media)}`;
}
