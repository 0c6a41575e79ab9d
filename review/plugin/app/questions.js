// What is asked about an item, and the decisions that follow from a draft of the answers.

/** @typedef {{verdict: "accept"|"reject"|"edit", reason?: string, text?: string}} Answer */

/** The rows of a record, in the order of the number keys. */
export function rowsOf(item) {
  if (item.type === "caption") return [];
  const attribute = item.claim.relation === "is";
  return [
    { id: "relation", kind: "relation", title: "The relation holds", claim: item.claim },
    { id: "subject", kind: "relation", title: "Box", thing: item.subject, role: "subject" },
    ...(attribute ? [] : [{ id: "object", kind: "relation", title: "Box", thing: item.object, role: "object" }]),
    { id: "picture", kind: "image", title: "The picture is fit" },
    ...item.denied.map((one) => ({
      id: one.key, kind: "relation", title: "Is false here", claim: one.claim, denied: one,
    })),
  ];
}

/** Reasons that can be given for a row, by the number keys: pairs of a name and what it says. */
export function reasonsFor(item, row, reasons) {
  if (item.type === "caption") return Object.entries(reasons.caption);
  if (row.denied) return [["negative_is_true", "it is true of this picture"]];
  if (row.kind === "image") return Object.entries(reasons.image);
  const boxes = ["wrong_box", "wrong_thing"];
  return Object.entries(reasons.relation).filter(
    ([name]) => name !== "negative_is_true" && (row.role ? boxes.includes(name) : name !== "wrong_box"),
  );
}

/** Whether a draft says anything. */
export function isEmpty(draft) {
  return Object.keys(draft.answers).length === 0;
}

const made = (fields) => ({ id: crypto.randomUUID(), time: new Date().toISOString(), ...fields });

/** An answer as the fields of a decision. */
function said(answer) {
  const { verdict, reason, text } = answer;
  return { verdict, ...(verdict === "reject" ? { reason } : {}), ...(verdict === "edit" ? { text } : {}) };
}

/**
 * Decisions of a draft; what it does not answer is accepted.
 *
 * @param {object} item
 * @param {{answers: Object<string, Answer>}} draft
 * @param {boolean} settling - of an adjudication: only what is disputed, and what was answered
 */
export function decisionsOf(item, draft, settling) {
  return item.type === "caption" ? captionDecisions(item, draft) : recordDecisions(item, draft, settling);
}

function captionDecisions(item, draft) {
  const decisions = [];
  const answer = draft.answers.sentence;
  if (answer) {
    decisions.push(made({
      kind: "caption", key: item.key, sentence: item.sentence, claim: item.claim,
      record_id: item.pictures[0]?.record_id, ...said(answer),
    }));
  }
  item.pictures.forEach((picture, number) => {
    const flag = draft.answers[`picture ${number}`];
    if (!flag) return;
    const truth = flag.reason === "wrong_relation" && !picture.truth ? "negative_is_true" : flag.reason;
    const claim = picture.truth || flag.reason === "wrong_box" ? picture.claim : item.claim;
    const key = picture.truth || flag.reason !== "wrong_box" ? picture.relation_key : picture.own_key;
    decisions.push(made({
      kind: "relation", key, claim, record_id: picture.record_id, verdict: "reject", reason: truth,
    }));
  });
  return decisions;
}

function recordDecisions(item, draft, settling) {
  const about = { record_id: item.record_id };
  const { answers } = draft;
  const bad = ["relation", "subject", "object"].map((id) => answers[id]).find((one) => one?.verdict === "reject");
  const touched = (...ids) => ids.some((id) => answers[id]);
  const decisions = [];
  if (!settling || item.key === item.relation_key || touched("relation", "subject", "object")) {
    decisions.push(made({
      kind: "relation", key: item.relation_key, claim: item.claim, ...about, ...said(bad ?? { verdict: "accept" }),
    }));
  }
  if (!settling || item.key === item.image_key || touched("picture")) {
    decisions.push(made({
      kind: "image", key: item.image_key, ...about, ...said(answers.picture ?? { verdict: "accept" }),
    }));
  }
  for (const one of item.denied) {
    if (answers[one.key]?.verdict === "reject") {
      decisions.push(made({
        kind: "relation", key: one.key, claim: one.claim, sentence: one.sentences[0], ...about,
        ...said(answers[one.key]),
      }));
    }
  }
  return decisions;
}

/** A decision to skip an item. */
export function skipOf(item) {
  const kind = item.type === "caption" ? "caption" : item.key === item.image_key ? "image" : "relation";
  const sentence = item.type === "caption" ? { sentence: item.sentence, claim: item.claim } : {};
  return made({ kind, key: item.key, verdict: "skip", record_id: item.pictures[0]?.record_id, ...sentence });
}

/** Decisions that take earlier ones back. */
export function undosOf(decisions) {
  return decisions.map(({ id, kind, key }) => made({ kind, key, verdict: "undo", retracts: id }));
}
