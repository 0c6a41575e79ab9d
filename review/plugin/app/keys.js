// The keyboard: every key of the desk, before FiftyOne sees it.

/** What is shown by the ? key: pairs of keys and what they do. */
export const HELP = {
  caption: [
    ["a", "accept: it says exactly this, in good English"],
    ["r 1–6", "reject, for a reason"],
    ["e", "edit the sentence; Enter saves it"],
    ["1–8 ← →", "choose a picture"],
    ["v", "flag: the relation of this picture is wrong"],
    ["b", "flag: a box of this picture is wrong"],
    ["k", "skip"],
    ["u", "undo"],
    ["Enter", "accept, and save"],
    ["Esc", "leave what was begun"],
  ],
  record: [
    ["1–8 ↑ ↓", "choose a row"],
    ["a", "accept the row"],
    ["r 1–7", "reject the row, for a reason"],
    ["v", "the relation is wrong"],
    ["b", "the box is wrong"],
    ["e", "draw the boxes anew, in Annotate; e again ends it"],
    ["k", "skip"],
    ["u", "undo"],
    ["Enter", "accept the rest, and save"],
    ["Esc", "leave what was begun"],
  ],
};

const isTyping = (target) => target instanceof HTMLElement && (target.isContentEditable || /^(input|textarea|select)$/i.test(target.tagName));

/** Whether a key was for the desk. */
function press(desk, key) {
  if (desk.mode === "help") {
    if (key === "Escape" || key === "?") desk.help();
    return true;
  }
  if (desk.mode === "draw") { // the picture is being drawn on: FiftyOne's keys, but for the one that ends it
    if (key !== "e") return false;
    desk.startEdit();
    return true;
  }
  const digit = /^[1-9]$/.test(key) ? Number(key) - 1 : null;
  if (desk.mode === "reason") {
    if (key === "Escape" || key === "r") {
      desk.mode = "read";
      desk.changed();
    } else if (digit !== null) desk.reject(digit);
    return true;
  }
  const always = { "?": () => desk.help(), u: () => desk.undo() };
  const here = desk.item && {
    a: () => desk.accept(),
    r: () => desk.startReject(),
    e: () => desk.startEdit(),
    v: () => desk.flag("wrong_relation"),
    b: () => desk.flag("wrong_box"),
    k: () => desk.skip(),
    Enter: () => desk.save(),
    ArrowLeft: () => desk.step(-1),
    ArrowUp: () => desk.step(-1),
    ArrowRight: () => desk.step(1),
    ArrowDown: () => desk.step(1),
    Escape: () => {},
  };
  const action = always[key] ?? here?.[key] ?? (here && digit !== null ? () => desk.choose(digit) : null);
  if (action) action();
  return Boolean(action);
}

/** Listen until the returned function is called. */
export function listen(desk) {
  const onKey = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !desk.session) return;
    if (isTyping(event.target)) return; // the editor has keys of its own
    if (event.repeat && event.key.length === 1) {
      event.stopImmediatePropagation();
      return; // a key that is held is one decision
    }
    if (press(desk, event.key)) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  };
  window.addEventListener("keydown", onKey, true);
  return () => window.removeEventListener("keydown", onKey, true);
}
