"use strict";
// Draws the figures with the colours of the page, again when light turns to dark.
(() => {
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const colour = (name) =>
    getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const dressed = (layout) => {
    const look = structuredClone(layout);
    const font = getComputedStyle(document.body).fontFamily;
    const size = innerWidth < 560 ? 9 : 13;
    look.font = { family: font, size, color: colour("--ink") };
    look.paper_bgcolor = look.plot_bgcolor = "rgba(0,0,0,0)";
    look.margin = { l: 64, r: 12, t: 26, b: 58, ...look.margin };
    look.hoverlabel = { font: { family: font } };
    for (const axis of ["xaxis", "yaxis"]) {
      look[axis] = {
        gridcolor: colour("--grid"), zeroline: false, linecolor: colour("--rule"),
        tickcolor: colour("--rule"), ...look[axis],
      };
      if (look[axis].title) look[axis].title = { standoff: 10, font: { size }, ...look[axis].title };
    }
    return look;
  };
  const draw = () => {
    for (const figure of figures) {
      const place = document.getElementById("plot-" + figure.name);
      const options = { displaylogo: false, responsive: true, displayModeBar: false };
      Plotly.react(place, figure.data, dressed(figure.layout), options);
    }
  };
  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);

  for (const box of document.querySelectorAll("input[type=search]")) {
    box.classList.remove("scripted");
    const rows = [...document.querySelectorAll("#" + box.dataset.table + " tbody tr")];
    box.addEventListener("input", () => {
      const words = box.value.toLowerCase().split(/\s+/);
      for (const row of rows) {
        const text = row.textContent.toLowerCase();
        row.hidden = !words.every((word) => text.includes(word));
      }
    });
  }
})();
