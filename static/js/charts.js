// Draws every [data-chart], also after an HTMX swap. The attribute is the id of the json_script that
// holds the figure. Figures name colours by role, `var(--green)`; the style sheet of the page says
// what that is, so a chart follows the theme. Plotly itself is loaded by the first chart only.
(() => {
  "use strict";

  const addresses = document.currentScript.dataset;
  const ROLE = /var\((--[\w-]+)\)/g;
  const NARROW = 480;
  const PAPER_WIDTH = 640;
  const paper = window.matchMedia("print");
  const CONFIG = {
    displayModeBar: false,
    displaylogo: false,
    responsive: true,
    scrollZoom: false,
    showSendToCloud: false,
    showTips: false,
  };

  let plotly;

  function loadPlotly() {
    plotly ??= load(() => {
      // Plotly writes its rules into the sheet of this id; it has to be there first.
      const sheet = document.createElement("link");
      sheet.rel = "stylesheet";
      sheet.id = "plotly.js-style-global";
      sheet.href = addresses.plotlyStyle;
      return sheet;
    })
      .then(() =>
        load(() => {
          const script = document.createElement("script");
          script.src = addresses.plotly;
          return script;
        }),
      )
      .then(() => window.Plotly);
    return plotly;
  }

  function load(make) {
    return new Promise((resolve, reject) => {
      const element = make();
      element.addEventListener("load", resolve);
      element.addEventListener("error", reject);
      document.head.append(element);
    });
  }

  // The figure with every role replaced by the page's value.
  function resolved(part, styles) {
    if (typeof part === "string") {
      return part.includes("var(")
        ? part.replace(ROLE, (_, name) => styles.getPropertyValue(name).trim())
        : part;
    }
    if (Array.isArray(part)) {
      return part.map((item) => resolved(item, styles));
    }
    if (part && typeof part === "object") {
      return Object.fromEntries(
        Object.entries(part).map(([key, value]) => [key, resolved(value, styles)]),
      );
    }
    return part;
  }

  function figureOf(canvas, themed = document.documentElement) {
    const text = document.getElementById(canvas.dataset.chart).textContent;
    return resolved(JSON.parse(text), getComputedStyle(themed));
  }

  // A narrow page has room for fewer months.
  function fitted(layout, width) {
    const axis = layout.xaxis;
    return width < NARROW && axis?.nticks
      ? { ...layout, xaxis: { ...axis, nticks: Math.ceil(axis.nticks * 0.65) } }
      : layout;
  }

  async function draw(canvas) {
    const isNew = !canvas.dataset.chartState;
    try {
      canvas.dataset.chartState ??= "drawing";
      const Plotly = await loadPlotly();
      if (!canvas.isConnected) {
        return;
      }
      const { data, layout } = figureOf(canvas);
      if (layout.height) {
        canvas.style.minHeight = `${layout.height}px`;
      } else {
        // The style sheet keeps the place free from the start, so that the page doesn't jump.
        layout.height = Number.parseFloat(getComputedStyle(canvas).minHeight);
      }
      if (paper.matches) {
        layout.width = PAPER_WIDTH;
      }
      await Plotly.react(canvas, data, fitted(layout, canvas.clientWidth), CONFIG);
      canvas.dataset.chartState = "drawn";
      if (isNew) {
        canvas.on("plotly_click", openPoint);
      }
    } catch (error) {
      canvas.dataset.chartState = "failed";
      canvas.textContent = "This chart could not be drawn. Its data stand in the table below.";
      console.error(error);
    }
  }

  // A point whose custom data begins with an address of ours opens that page.
  function openPoint(event) {
    const address = event.points[0]?.customdata?.[0];
    if (typeof address === "string" && /^\/(?!\/)/.test(address)) {
      window.location.assign(address);
    }
  }

  function drawNew(within) {
    within.querySelectorAll("[data-chart]:not([data-chart-state])").forEach(draw);
  }

  function drawAgain() {
    document.querySelectorAll("[data-chart-state=drawn]").forEach(draw);
  }

  // A picture goes into somebody's document: light, on a ground of its own, with its title.
  async function save(button) {
    const figure = button.closest(".chart");
    const canvas = figure.querySelector("[data-chart]");
    const Plotly = await loadPlotly();
    const light = document.createElement("span");
    light.dataset.bsTheme = "light";
    document.body.append(light);
    const { data, layout } = figureOf(canvas, light);
    const surface = getComputedStyle(light).getPropertyValue("--surface").trim();
    light.remove();
    const title = figure.querySelector(".chart__title").textContent.trim();
    const top = 44;
    const margin = layout.template.layout.margin;
    const width = Math.max(canvas.clientWidth, NARROW);
    const height = canvas.clientHeight + top;
    await Plotly.downloadImage(
      {
        data,
        layout: {
          ...layout,
          height,
          margin: { ...margin, ...layout.margin, t: margin.t + top },
          paper_bgcolor: surface,
          plot_bgcolor: surface,
          title: {
            font: { size: 16 },
            text: title.replaceAll("&", "&amp;").replaceAll("<", "&lt;"),
            x: 0.012,
            xanchor: "left",
            y: 1,
            yanchor: "top",
            yref: "container",
            pad: { t: 14 },
          },
        },
        config: CONFIG,
      },
      { format: button.dataset.chartSave, filename: figure.id, width, height, scale: 2 },
    );
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-chart-save]");
    if (button) {
      save(button);
    }
  });

  document.addEventListener("htmx:afterSettle", () => drawNew(document));
  document.addEventListener("htmx:beforeCleanupElement", (event) => {
    if (event.target.dataset?.chartState === "drawn") {
      window.Plotly.purge(event.target);
    }
  });

  document.addEventListener("portal:theme", drawAgain);

  // Paper is light: tokens.css says so for print, and charts are drawn once more from it.
  paper.addEventListener("change", drawAgain);

  drawNew(document);
})();
