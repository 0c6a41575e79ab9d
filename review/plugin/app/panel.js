// The panel: shows the desk, and the current picture large beside it.

import { Desk } from "./desk.js";
import { HELP, listen } from "./keys.js";
import { comeBack } from "./away.js";
import { CaptionView } from "./caption.js";
import { RecordView } from "./record.js";
import { Key, h } from "./parts.js";

const React = window.React;
const fos = window.__fos__;
const recoil = window.recoil;

let desk; // one a page, whatever becomes of the panel

export default function Panel() {
  desk ??= new Desk();
  React.useSyncExternalStore(desk.subscribe, desk.snapshot);
  React.useEffect(() => listen(desk), []);
  React.useEffect(() => {
    const place = location.pathname;
    return () => { comeBack(desk, place); };
  }, []);
  useLargePicture(desk);
  const theme = useTheme();
  return h("div", { className: `nr nr-${theme}`, "data-testid": "naturel-review" },
    h(Head), h("main", { className: "nr-main", ref: (node) => node && (node.scrollTop = 0), key: desk.item?.key }, h(Body)),
    h(Foot));
}

/** Show the chosen picture in FiftyOne's own viewer; switch it to drawing and back. */
function useLargePicture() {
  const setExpanded = fos.useSetExpandedSample();
  const shown = recoil.useRecoilValue(fos.nullableModalSampleId);
  const sample = desk.picture?.sample;
  React.useEffect(() => {
    if (sample && sample !== shown) setExpanded({ id: sample });
  }, [sample]);
  const drawing = desk.mode === "draw";
  const setSidebar = recoil.useSetRecoilState(fos.sidebarVisible(true)); // drawing has its tools there
  React.useEffect(() => setSidebar(drawing), [drawing]);
  const was = React.useRef(false);
  React.useEffect(() => {
    if (!sample || drawing === was.current) return;
    was.current = drawing;
    window.__foo__.executeOperator("@voxel51/operators/open_sample", { id: sample, mode: drawing ? "annotate" : "explore" });
  }, [drawing]);
}

/** FiftyOne's theme. */
function useTheme() {
  const theme = recoil.useRecoilValue(fos.theme);
  if (theme !== "browser") return theme;
  return matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark";
}

const QUEUES = {
  captions: "Captions", images: "Pictures", flagged: "Flagged", disagreement: "Disagreement", adjudicate: "Adjudication",
};

function Head() {
  const { session, progress } = desk;
  if (!session) return h("header", { className: "nr-head" });
  const share = progress.total ? progress.done / progress.total : 1;
  return h("header", { className: "nr-head" },
    h("span", { className: "nr-queue" }, QUEUES[session.queue]),
    h("span", { className: "nr-bar" }, h("span", { style: { width: `${100 * share}%` } })),
    h("span", { className: "nr-count", "data-testid": "progress" },
      `${progress.done.toLocaleString("en")} / ${progress.total.toLocaleString("en")}`),
    progress.seconds !== null && h("span", { className: "nr-pace" }, pace(progress)),
    h("span", { className: "nr-name", "data-testid": "annotator" }, session.annotator));
}

function pace({ seconds, done, total }) {
  const left = ((total - done) * seconds) / 3600;
  const rest = left >= 1 ? `${Math.round(left)} h left` : `${Math.max(1, Math.round(left * 60))} min left`;
  return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s each · ${rest}`;
}

function Body() {
  if (desk.mode === "help") return h(Help);
  if (desk.item) return h(desk.item.type === "caption" ? CaptionView : RecordView, { desk });
  if (desk.session && desk.empty) {
    return h("div", { className: "nr-rest", "data-testid": "all-done" },
      h("p", { className: "nr-rest-mark" }, "✓"),
      h("p", null, "Nothing is open in this queue."),
      h("p", { className: "nr-dim" }, "u takes back what was decided last."));
  }
  return h("div", { className: "nr-rest nr-dim" }, "One moment…");
}

function Help() {
  const type = desk.item?.type ?? (desk.session.queue === "images" ? "record" : "caption");
  const rows = desk.session.agreement ?? [];
  const number = (value) => (value === null ? "–" : value.toFixed(2));
  return h("div", { className: "nr-help", "data-testid": "help" },
    h("h2", null, "Keys"),
    h("dl", null, HELP[type].map(([keys, text]) => [
      h("dt", { key: keys }, keys.split(" ").map((key) => h(Key, { key }, key))), h("dd", { key: text }, text),
    ])),
    rows.some((row) => row.units) && [
      h("h2", { key: "title" }, "Agreement of annotators"),
      h("table", { key: "table" },
        h("thead", null, h("tr", null, ["", "judged twice", "equal", "Krippendorff's α"].map((text) => h("th", { key: text }, text)))),
        h("tbody", null, rows.filter((row) => row.units).map((row) => h("tr", { key: row.kind },
          h("td", null, row.kind), h("td", null, row.units), h("td", null, number(row.raw)), h("td", null, number(row.alpha)))))),
    ]);
}

function Foot() {
  const waiting = desk.outbox?.waiting.length ?? 0;
  const state = waiting === 0 ? ["saved", desk.saved ? `${desk.saved} saved` : "all saved"]
    : desk.outbox.troubled ? ["bad", `${waiting} not saved yet: the server does not answer. Go on, nothing is lost.`]
      : ["wait", `saving ${waiting}`];
  return h("footer", { className: "nr-foot" },
    h("span", { className: `nr-state nr-${state[0]}`, "data-testid": "state", "data-waiting": waiting, "data-saved": desk.saved }, state[1]),
    desk.message && h("span", { className: `nr-message nr-${desk.message.kind}`, "data-testid": "message" }, desk.message.text),
    h("button", { className: "nr-link", onClick: () => desk.help() }, h(Key, null, "?"), " keys"));
}
