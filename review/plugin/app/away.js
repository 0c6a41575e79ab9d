// When the server dies, FiftyOne leaves the dataset and shows how to connect. This shows instead what waits, and comes
// back to the item when the server does.

import { ask } from "./server.js";

const LOOK_EVERY = 700; // milliseconds

/**
 * Called when the panel has gone: does nothing when the user closed it.
 *
 * @param {import("./desk.js").Desk} desk
 * @param {string} place - the dataset's path
 */
export async function comeBack(desk, place) {
  if (await answers()) return;
  const cover = document.createElement("div");
  cover.className = "nr nr-away";
  cover.dataset.testid = "away";
  document.body.append(cover);
  do {
    const waiting = desk.outbox?.waiting.length ?? 0;
    cover.textContent = "The server is away. This page comes back when it does. "
      + (waiting ? `${waiting} not saved yet: kept in this browser, nothing is lost.` : "Everything is saved.");
    await new Promise((done) => setTimeout(done, LOOK_EVERY));
  } while (!(await answers()));
  const sample = desk.picture?.sample;
  location.assign(sample ? `${place}?id=${sample}` : place);
}

async function answers() {
  try {
    await ask("status");
    return true;
  } catch {
    return false;
  }
}
