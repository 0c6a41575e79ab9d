// Small parts of the panel.

import { mediaUrl } from "./desk.js";

const React = window.React;
export const h = React.createElement;

/** A key of the keyboard. */
export function Key({ children }) {
  return h("kbd", { className: "nr-key" }, children);
}

/** A claim: what is said of whom, in the colours of the boxes. */
export function Claim({ claim }) {
  return h("span", { className: "nr-claim" },
    h("b", { className: "nr-subject" }, claim.subject),
    " ", h("i", null, claim.relation.replaceAll("_", " ")), " ",
    h("b", { className: "nr-object" }, claim.relation === "is" ? claim.object.toLowerCase() : claim.object));
}

/** A picture with the boxes of its record. */
export function Picture({ picture }) {
  const ratio = picture.width / picture.height;
  const thing = (role) => {
    const box = picture[role]?.box;
    if (!box || (role === "object" && picture.claim.relation === "is")) return null;
    const [left, top, right, bottom] = box.map((edge) => `${100 * edge}%`);
    return h("span", {
      key: role, className: `nr-box nr-box-${role}`,
      style: { left, top, width: `calc(${right} - ${left})`, height: `calc(${bottom} - ${top})` },
    });
  };
  return h("span", { className: "nr-picture", style: { aspectRatio: ratio } },
    h("img", { src: mediaUrl(picture), alt: "" }), thing("subject"), thing("object"));
}

/** Reasons for a rejection, by the number keys. */
export function Reasons({ desk }) {
  return h("ol", { className: "nr-reasons", "data-testid": "reasons" }, desk.reasons.map(([name, text], number) =>
    h("li", { key: name }, h("button", { onClick: () => desk.reject(number) },
      h(Key, null, number + 1), h("b", null, name.replaceAll("_", " ")), h("span", null, text)))));
}

/** A button with its key. */
export function Action({ on, letter, children, kind = "" }) {
  return h("button", { className: `nr-action ${kind}`, onClick: on }, h(Key, null, letter), children);
}

/** What others said; in adjudications only. */
export function Votes({ votes }) {
  if (!votes) return null;
  return h("ul", { className: "nr-votes", "data-testid": "votes" }, votes.map((vote) =>
    h("li", { key: vote.annotator },
      h("b", null, vote.annotator), " ", h("span", { className: `nr-verdict nr-${vote.verdict}` }, vote.verdict),
      vote.reason && ` ${vote.reason.replaceAll("_", " ")}`, vote.text && h("q", null, vote.text))));
}
