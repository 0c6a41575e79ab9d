// One record: does the relation hold, are the boxes right, is a negative true, is the picture fit?

import { Action, Claim, Key, Reasons, Votes, h } from "./parts.js";

const React = window.React;

export function RecordView({ desk }) {
  const { item, rows, draft } = desk;
  const facts = rows.filter((row) => !row.denied);
  const denied = rows.filter((row) => row.denied);
  const show = (row) => h(Row, { key: row.id, desk, row, number: rows.indexOf(row), answer: draft.answers[row.id] });
  return h(React.Fragment, null,
    h("p", { className: "nr-ask" }, "Is this so in the picture?"),
    h("p", { className: "nr-says", "data-testid": "claim" }, h(Claim, { claim: item.claim })),
    h(Votes, { votes: item.votes }),
    h("ol", { className: "nr-rows" }, facts.map(show)),
    h("h3", null, "These must be false here"),
    h("ol", { className: "nr-rows" }, denied.map(show)),
    desk.mode === "draw" && h("p", { className: "nr-hint" }, "Draw the boxes in the picture; ", h(Key, null, "e"), " ends it. They are kept when you save."),
    desk.mode === "read" && h("div", { className: "nr-actions" },
      h(Action, { on: () => desk.save(), letter: "Enter", kind: "nr-accept" }, "accept the rest, save"),
      h(Action, { on: () => desk.startReject(), letter: "r", kind: "nr-reject" }, "reject…"),
      h(Action, { on: () => desk.flag("wrong_relation"), letter: "v" }, "relation"),
      h(Action, { on: () => desk.flag("wrong_box"), letter: "b" }, "box"),
      h(Action, { on: () => desk.startEdit(), letter: "e" }, "draw"),
      h(Action, { on: () => desk.skip(), letter: "k" }, "skip"),
      h(Action, { on: () => desk.undo(), letter: "u" }, "undo")));
}

function Row({ desk, row, number, answer }) {
  const chosen = number === desk.chosen;
  return h("li", { className: `nr-row ${chosen ? "nr-chosen" : ""}`, "data-testid": `row-${number + 1}` },
    h("button", { className: "nr-row-head", onClick: () => desk.choose(number) },
      h(Key, null, number + 1), h("span", { className: "nr-row-text" }, h(About, { row })),
      answer && h("span", { className: `nr-verdict nr-${answer.verdict}` },
        answer.verdict === "reject" ? answer.reason.replaceAll("_", " ") : "✓")),
    chosen && desk.mode === "reason" && h(Reasons, { desk }));
}

function About({ row }) {
  if (row.denied) {
    return h(React.Fragment, null, h(Claim, { claim: row.claim }),
      h("span", { className: "nr-row-more" }, row.denied.sentences.join(" · ")));
  }
  if (row.role) return h(React.Fragment, null, "The box is around the ", h("b", { className: `nr-${row.role}` }, row.thing.label));
  return row.title;
}
