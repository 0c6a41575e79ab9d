// One caption: does the sentence say exactly this, in good English?

import { difference } from "./diff.js";
import { Action, Claim, Key, Picture, Reasons, Votes, h } from "./parts.js";

const React = window.React;

export function CaptionView({ desk }) {
  const { item, draft } = desk;
  return h(React.Fragment, null,
    h("p", { className: "nr-ask" }, "Does this sentence say exactly this, in good English?"),
    h("p", { className: "nr-says" }, h(Claim, { claim: item.claim })),
    desk.mode === "edit" ? h(Editor, { desk }) : h("blockquote", { className: "nr-sentence", "data-testid": "sentence" }, item.sentence),
    h("p", { className: "nr-facts" },
      `A decision cleans ${count(item.records, "record")}: right in ${item.positive.toLocaleString("en")}, wrong in ${item.negative.toLocaleString("en")}.`,
      item.doubt && h("span", { className: "nr-doubt" }, ` Check: ${item.doubt}.`)),
    h(Votes, { votes: item.votes }),
    desk.mode === "reason" && h(Reasons, { desk }),
    desk.mode === "read" && h("div", { className: "nr-actions" },
      h(Action, { on: () => desk.accept(), letter: "a", kind: "nr-accept" }, "accept"),
      h(Action, { on: () => desk.startReject(), letter: "r", kind: "nr-reject" }, "reject…"),
      h(Action, { on: () => desk.startEdit(), letter: "e", kind: "nr-edit" }, "edit"),
      h(Action, { on: () => desk.skip(), letter: "k" }, "skip"),
      h(Action, { on: () => desk.undo(), letter: "u" }, "undo")),
    [true, false].map((truth) => h(Strip, { desk, truth, draft, key: truth })));
}

const count = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;

function Strip({ desk, truth, draft }) {
  const pictures = desk.item.pictures.map((picture, number) => ({ picture, number })).filter((one) => one.picture.truth === truth);
  if (!pictures.length) return null;
  return h("section", { className: "nr-strip", "data-testid": truth ? "positives" : "negatives" },
    h("h3", null, truth ? "Said of these pictures as true" : "Said of these pictures as false"),
    h("div", null, pictures.map(({ picture, number }) => {
      const flag = draft.answers[`picture ${number}`];
      return h("button", {
        key: number, className: `nr-thumb ${number === desk.chosen ? "nr-chosen" : ""}`, onClick: () => desk.choose(number),
      }, h(Picture, { picture }), h("span", { className: "nr-thumb-foot" }, h(Key, null, number + 1),
        flag && h("span", { className: "nr-verdict nr-reject" }, flag.reason.replaceAll("_", " "))));
    })));
}

function Editor({ desk }) {
  const field = React.useRef(null);
  React.useLayoutEffect(() => { // at once, so that no key is lost
    field.current.focus();
    field.current.setSelectionRange(desk.text.length, desk.text.length);
  }, []);
  const onKeyDown = (event) => {
    event.stopPropagation();
    if (event.key === "Enter") {
      event.preventDefault();
      desk.finishEdit();
    } else if (event.key === "Escape") {
      event.preventDefault();
      desk.mode = "read";
      desk.changed();
    }
  };
  return h("div", { className: "nr-editor" },
    h("textarea", {
      ref: field, value: desk.text, rows: 2, spellCheck: true, lang: "en", "data-testid": "editor", onKeyDown,
      onChange: (event) => desk.type(event.target.value.replaceAll("\n", " ")),
    }),
    desk.text !== desk.item.sentence && h("p", { className: "nr-diff", "data-testid": "difference" },
      difference(desk.item.sentence, desk.text).map(({ how, text }, number) =>
        h(how === "out" ? "del" : how === "in" ? "ins" : "span", { key: number }, text))),
    h(Check, { desk }));
}

function Check({ desk }) {
  const { checked } = desk;
  if (!checked) return h("p", { className: "nr-check nr-dim", "data-testid": "check" }, desk.sure ? "Not checked yet. Enter saves it all the same." : "Reading…");
  const says = checked.says.length ? checked.says.join("; ") : "nothing that can be read";
  return h("p", { className: `nr-check ${desk.passes ? "nr-good" : "nr-warn"}`, "data-testid": "check" },
    h("b", null, desk.passes ? "✓ " : "⚠ "), `This now says: ${says}.`,
    checked.states !== "yes" && ` Its claim is ${checked.states === "no" ? "not stated" : "not clearly stated"}.`,
    checked.problems.length > 0 && ` Wording: ${checked.problems.join(", ")}.`,
    h("span", { className: "nr-dim" }, desk.sure && !desk.passes ? " Enter again saves it all the same." : " Enter saves, Esc leaves."));
}
