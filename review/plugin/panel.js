// The bundle that FiftyOne loads: it registers the panel, and sets the modal's layout. The panel itself is in app/.
(() => {
  "use strict";
  const React = window.React;
  const base = document.currentScript.src.replace(/panel\.js.*$/, "");
  const NAME = "naturel_review";
  const SAMPLE = "fo-sample-modal-plugin";

  // FiftyOne keeps the modal's layout in the browser: picture left, panel right, whatever an earlier visit left.
  const pane = (id, panel, pinned) => ({
    id, type: "panel-container", activeChild: panel, children: [{ id: panel, type: panel, pinned, children: [] }],
  });
  localStorage.setItem("fo-sample-modal-plugins", JSON.stringify({
    id: "root", type: "panel-container", layout: "horizontal", sizes: [0.56, 0.44],
    children: [pane("naturel-left", SAMPLE, true), pane("naturel-right", NAME, true)],
  }));
  localStorage.setItem("fiftyone-enterprise-tooltip-seen", "true");

  const style = document.createElement("link");
  style.rel = "stylesheet";
  style.href = `${base}app/style.css`;
  document.head.append(style);

  const Panel = React.lazy(() => import(`${base}app/panel.js`));
  const Icon = () => React.createElement("span", { style: { marginRight: 6 } }, "✓");

  window.__fop__.registerComponent({
    name: NAME,
    label: "Review",
    component: (props) =>
      React.createElement(React.Suspense, { fallback: null }, React.createElement(Panel, props)),
    type: window.__fop__.PluginComponentType.Panel,
    Icon,
    activator: () => true,
    panelOptions: { surfaces: "modal", allowDuplicates: false, priority: 1 },
  });
})();
