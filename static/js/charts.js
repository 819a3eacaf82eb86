// Draws every [data-chart], also after an HTMX swap. The attribute is the id of the json_script that
// holds the figure. Figures name colours by role, `var(--green)`; the style sheet of the page says
// what that is, so a chart follows the theme. Plotly itself is loaded by the first chart only.
(() => {
  "use strict";

  const addresses = document.currentScript.dataset;
  const ROLE = /var\((--[\w-]+)\)/g;
  const NARROW = 480;
  const PAPER_WIDTH = 640;
  // Of the caption under a saved picture, and of the names of months above it.
  const AXIS_HEIGHT = 48;
  const LINE_HEIGHT = 15;
  const LETTER_WIDTH = 6.4;
  // That the mark of several events has to itself.
  const MARK_WIDTH = 46;
  const paper = window.matchMedia("print");
  const CONFIG = {
    displayModeBar: false,
    displaylogo: false,
    responsive: true,
    scrollZoom: false,
    showSendToCloud: false,
    showTips: false,
    // Names of months and days; the signs of numbers come with each figure.
    locale: "page",
    locales: { page: { dictionary: {}, format: JSON.parse(addresses.calendar) } },
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

  function fitted(layout, width) {
    return {
      ...layout,
      ...(width < NARROW && layout.xaxis && { xaxis: narrowed(layout.xaxis) }),
      ...(layout.annotations && { annotations: fittedMarks(layout.annotations, width) }),
    };
  }

  // A narrow page has room for fewer months, and for names only where they lean.
  function narrowed(axis) {
    if (axis.ticktext?.some((name) => name.includes("<br>"))) {
      const names = axis.ticktext.map((name) => name.replaceAll("<br>", " "));
      return { ...axis, ticktext: names, tickangle: -50, tickfont: { size: 11 } };
    }
    return axis.nticks ? { ...axis, nticks: Math.ceil(axis.nticks * 0.65) } : axis;
  }

  // Where marks of events stand close together, each is its number without the count.
  function fittedMarks(annotations, width) {
    const marks = annotations.filter(isMark);
    if (width / marks.length >= MARK_WIDTH && width >= NARROW) {
      return annotations;
    }
    return annotations.map((note) =>
      isMark(note)
        ? { ...note, text: numberOf(note), font: { ...note.font, size: width < NARROW ? 9 : 10 } }
        : note,
    );
  }

  function isMark(note) {
    return note.name === "event";
  }

  function numberOf(mark) {
    return mark.text.split("\u00a0")[0];
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
        const least = Number.parseFloat(getComputedStyle(canvas).minHeight);
        layout.height = Math.max(least, isNew ? canvas.clientHeight : canvas.dataset.chartHeight);
        canvas.dataset.chartHeight = layout.height;
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
      canvas.textContent = addresses.failed;
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

  // What Plotly takes for markup is text here.
  function plain(text) {
    return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  }

  // Whose numbers of which month: a picture has lost the page that said so.
  function origin(figure) {
    const page = document.querySelector("h1")?.textContent.trim().replace(/\s+/g, " ");
    return [page, figure.dataset.month].filter(Boolean).join(", ");
  }

  // What the marks of events stand for, line by line: a picture has no hover and no list beside it.
  function eventLines(layout, width) {
    const most = Math.floor(width / LETTER_WIDTH);
    return (layout.annotations ?? []).filter(isMark).flatMap((mark) => {
      const [title, ...rest] = mark.hovertext.replaceAll(/<\/?b>/g, "").split("<br>");
      const isOne = mark.text === numberOf(mark);
      const told = isOne ? `${title}, ${rest[0]}` : `${title}: ${rest.join("; ")}`;
      return wrapped(`(${numberOf(mark)}) ${told}`, most);
    });
  }

  function caption(lines) {
    return lines.map((text, place) => ({
      align: "left",
      font: { size: 11 },
      showarrow: false,
      text,
      x: 0,
      xanchor: "left",
      xref: "paper",
      y: 0,
      yanchor: "top",
      yref: "paper",
      yshift: -(AXIS_HEIGHT + place * LINE_HEIGHT),
    }));
  }

  function wrapped(text, most) {
    const lines = [];
    for (const word of text.split(" ")) {
      const last = lines.at(-1);
      if (last !== undefined && last.length + word.length < most) {
        lines[lines.length - 1] = `${last} ${word}`;
      } else {
        lines.push(word);
      }
    }
    return lines;
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
    const top = 68;
    const margin = layout.template.layout.margin;
    const width = Math.max(canvas.clientWidth, NARROW);
    const lines = eventLines(layout, width);
    const foot = lines.length && AXIS_HEIGHT + lines.length * LINE_HEIGHT + 8;
    const height = canvas.clientHeight + top + foot;
    await Plotly.downloadImage(
      {
        data,
        layout: {
          ...layout,
          height,
          margin: { ...margin, ...layout.margin, t: margin.t + top, b: margin.b + foot },
          annotations: [...fittedMarks(layout.annotations ?? [], width), ...caption(lines)],
          paper_bgcolor: surface,
          plot_bgcolor: surface,
          title: {
            font: { size: 16 },
            text: `${plain(title)}<br><span style="font-size: 12px">${plain(origin(figure))}</span>`,
            x: 0.012,
            xanchor: "left",
            y: 1,
            yanchor: "top",
            yref: "container",
            pad: { t: 22 },
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
