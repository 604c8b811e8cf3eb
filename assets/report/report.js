(() => {
  "use strict";
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const start = data.start;
  const offset = start === null ? 0 : start;

  // Elements are made of text alone: nothing from the run is ever read as HTML.
  const make = (tag, properties, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties || {})) {
      if (name === "class") element.className = value;
      else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value !== undefined) element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  };

  // ---- words -------------------------------------------------------------------------------------------------------
  const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
  const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  const two = (n) => String(n).padStart(2, "0");
  const trim = (x, digits) => String(Number(x.toFixed(digits)));
  const span = (s) => {
    const sign = s < 0 ? "-" : "";
    s = Math.abs(s);
    if (s === 0) return "0s";
    if (s < 0.9995) return sign + trim(s * 1000, s < 0.00995 ? 1 : 0) + "ms";
    if (s < 59.95) return sign + trim(s, s < 9.995 ? 2 : 1) + "s";
    const pair = (big, small, unit, smallUnit) => {
      const total = Math.round(s / small), ratio = big / small;
      const whole = Math.floor(total / ratio), rest = total % ratio;
      return sign + whole + unit + (rest ? " " + rest + smallUnit : "");
    };
    if (s < 3599.5) return pair(60, 1, "m", "s");
    if (s < 86370) return pair(3600, 60, "h", "m");
    return pair(86400, 3600, "d", "h");
  };
  const calendar = (s) => {
    const d = new Date((start + s) * 1000);
    const seconds = d.getUTCSeconds() ? ":" + two(d.getUTCSeconds()) : "";
    return DAYS[d.getUTCDay()] + " " + d.getUTCDate() + " " + MONTHS[d.getUTCMonth()] + " " + two(d.getUTCHours()) + ":" + two(d.getUTCMinutes()) + seconds;
  };
  const instant = (s) => (start === null ? span(s) : calendar(s) + " (" + span(s) + ")");
  const number = (v) => {
    if (v === null || v === undefined) return "–";
    const a = Math.abs(v);
    if (a >= 1000) return Math.round(v).toLocaleString("en-US");
    return trim(v, a >= 100 ? 0 : a >= 10 ? 1 : a >= 1 ? 2 : 3);
  };
  const UNIT = { "pods": "", "nodes": "", "cores": " cores", "GiB": " GiB", "seconds": " s", "requests per second": "/s", "dollars per hour": " $/h", "units": "" };
  const valued = (unit, v) => (v === null || v === undefined ? "–" : unit === "seconds" ? span(v) : number(v) + (UNIT[unit] || ""));

  // ---- contents ----------------------------------------------------------------------------------------------------
  for (const heading of document.querySelectorAll("main section > h2[id]")) {
    $("contents").append(make("li", {}, make("a", { href: "#" + heading.parentElement.id }, heading.textContent)));
  }

  // ---- colours -----------------------------------------------------------------------------------------------------
  const LIGHT = { fg: "#1b1f24", muted: "#545d68", line: "#d5dae1", missed: "#b3261e", c3: "#8a3f86", empty: "#e9edf1", heat: "10,100,168", bg: "#fff" };
  const LINES = ["#0a64a8", "#b3470f", "#0b7a55", "#8a3f86", "#7a6100", "#2d7f9e", "#5f6670", "#a3305c"];
  let printing = false;
  const tone = (name) => (printing && LIGHT[name] ? LIGHT[name] : getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim());
  const lineTone = (index) => (printing ? LINES[index % 8] : tone("c" + (index % 8)));
  const alpha = (hex, a) => hex + Math.round(a * 255).toString(16).padStart(2, "0");

  // ---- timelines ---------------------------------------------------------------------------------------------------
  const STEPS = [0.001, 0.01, 0.1, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 345600, 604800, 1209600, 2419200, 7257600];
  const plots = [];
  const whole = { min: offset, max: offset + (data.end || 1) };
  let view = { ...whole };
  let syncing = false;

  const zoomTo = (min, max) => {
    const least = Math.max((whole.max - whole.min) / 5000, 0.01);
    if (max - min < least) { const middle = (min + max) / 2; min = middle - least / 2; max = middle + least / 2; }
    min = Math.max(min, whole.min);
    max = Math.min(max, whole.max);
    if (max <= min) return;
    view = { min, max };
    syncing = true;
    for (const { plot } of plots) plot.setScale("x", view);
    syncing = false;
  };
  const zoomBy = (factor, middle) => {
    const length = Math.min((view.max - view.min) * factor, whole.max - whole.min);
    let min = middle - length / 2;
    min = Math.max(whole.min, Math.min(min, whole.max - length));
    zoomTo(min, min + length);
  };
  const middle = () => (view.min + view.max) / 2;

  const tick = (value, step) => {
    if (start === null) return span(Math.round(value * 1000) / 1000);
    const d = new Date(value * 1000);
    const day = d.getUTCDate() + " " + MONTHS[d.getUTCMonth()];
    if (step >= 86400 || (d.getUTCHours() === 0 && d.getUTCMinutes() === 0 && d.getUTCSeconds() === 0)) return day;
    return two(d.getUTCHours()) + ":" + two(d.getUTCMinutes()) + (step < 60 ? ":" + two(d.getUTCSeconds()) : "");
  };

  const KINDS = { fault: "fault", action: "action", scale: "scale event" };
  const drawMarks = (u) => {
    const { ctx, bbox } = u;
    const px = devicePixelRatio || 1;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top - 12 * px, bbox.width, bbox.height + 12 * px);
    ctx.clip();
    const at = (s) => u.valToPos(s + offset, "x", true);
    for (const mark of data.marks) {
      const x = Math.round(at(mark.at));
      if (mark.kind === "fault") {
        const end = at(mark.end === null ? data.end : mark.end);
        ctx.fillStyle = alpha(tone("missed"), 0.1);
        ctx.fillRect(x, bbox.top, Math.max(end - x, px), bbox.height);
        ctx.fillStyle = tone("missed");
        ctx.fillRect(x, bbox.top, 1.5 * px, bbox.height);
        ctx.beginPath();
        ctx.moveTo(x - 5 * px, bbox.top - 9 * px); ctx.lineTo(x + 5 * px, bbox.top - 9 * px); ctx.lineTo(x, bbox.top);
        ctx.fill();
      } else if (mark.kind === "action") {
        ctx.strokeStyle = ctx.fillStyle = tone("c3");
        ctx.lineWidth = px;
        ctx.setLineDash([4 * px, 4 * px]);
        ctx.beginPath(); ctx.moveTo(x, bbox.top); ctx.lineTo(x, bbox.top + bbox.height); ctx.stroke();
        ctx.setLineDash([]);
        ctx.beginPath();
        ctx.moveTo(x, bbox.top - 10 * px); ctx.lineTo(x + 5 * px, bbox.top - 5 * px); ctx.lineTo(x, bbox.top); ctx.lineTo(x - 5 * px, bbox.top - 5 * px);
        ctx.fill();
      } else {
        ctx.fillStyle = tone("muted");
        ctx.fillRect(x, bbox.top + bbox.height - 7 * px, px, 7 * px);
      }
    }
    ctx.restore();
  };

  // A value holds from its time on: the cursor reads the interval that it is in, not the nearest start.
  const interval = (u, x) => {
    const times = u.data[0];
    let low = 0, high = times.length - 1;
    while (low < high) { const mid = (low + high + 1) >> 1; if (times[mid] <= x + 1e-6) low = mid; else high = mid - 1; }
    return Math.min(low, Math.max(0, times.length - 2));
  };
  // What the cursor stands on: the time, and what happened near it.
  const near = (seconds) => {
    const reach = (view.max - view.min) / 150;
    return data.marks.filter((mark) => Math.abs(mark.at - seconds) <= reach).slice(0, 5);
  };
  const read = (u, spoken) => {
    const { left } = u.cursor;
    if (left === null || left === undefined || left < 0) return;
    const idx = interval(u, u.posToVal(left, "x"));
    const seconds = u.data[0][idx] - offset;
    const happened = near(u.posToVal(left, "x") - offset).map((mark) => KINDS[mark.kind] + " " + mark.what + " at " + span(mark.at));
    const text = instant(seconds) + (happened.length ? ": " + happened.join("; ") : "");
    $("reading").textContent = text;
    $("reading").hidden = false;
    if (spoken) {
      const values = u.chart.lines.map((line, i) => line.label + " " + valued(u.chart.unit, u.data[i + 1][idx]));
      $("spoken").textContent = text + ". " + values.join(", ");
    }
  };

  const options = (chart, width) => {
    const dashes = { dashed: [7, 4], dotted: [2, 3] };
    const axis = { stroke: tone("fg"), grid: { stroke: tone("line"), width: 1 }, ticks: { stroke: tone("line"), width: 1, size: 5 }, font: "12px system-ui, sans-serif", labelFont: "12px system-ui, sans-serif" };
    return {
      width, height: width < 500 ? 210 : 240, padding: [14, 30, 0, 0],
      cursor: { sync: { key: "run", scales: ["x", null] }, drag: { x: true, y: false, setScale: false }, y: false, points: { size: 6 }, dataIdx: (u, series, nearest, x) => interval(u, x) },
      legend: { live: true },
      scales: { x: { time: false, min: view.min, max: view.max }, y: { range: (u, min, max) => [0, max > 0 ? max * 1.06 : 1] } },
      axes: [
        { ...axis, incrs: STEPS, space: 74, size: 26, gap: 4, label: start === null ? "time since the start" : "time (UTC)", labelSize: 18, values: (u, splits, i, space, step) => splits.map((v) => tick(v, step)) },
        { ...axis, label: chart.unit, labelSize: 18, gap: 4, size: 52, values: (u, splits) => splits.map((v) => (chart.unit === "seconds" ? (v === 0 ? "0" : span(v)) : number(v))) },
      ],
      series: [
        { label: "time", value: (u, v) => (v === null ? "–" : instant(v - offset)) },
        ...chart.lines.map((line, i) => {
          const stroke = lineTone(i);
          return {
            label: line.label, stroke, width: line.style === "solid" || line.style === "area" ? 2 : 1.6, dash: dashes[line.style],
            fill: line.style === "area" ? alpha(stroke, 0.14) : undefined,
            paths: uPlot.paths.stepped({ align: 1 }), points: { show: false }, spanGaps: false,
            value: (u, v) => valued(chart.unit, v),
          };
        }),
      ],
      hooks: {
        draw: [drawMarks],
        setSelect: [(u) => {
          if (u.select.width > 3) zoomTo(u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x"));
          u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        }],
        setCursor: [(u) => { if (u.root.matches(":hover")) read(u, false); }],
      },
    };
  };

  const tableOf = (chart) => {
    const most = 60, step = Math.max(1, Math.ceil((chart.times.length - 1) / most));
    const head = make("tr", {}, make("th", { scope: "col" }, "from"), ...chart.lines.map((line) => make("th", { scope: "col", class: "number" }, line.label)));
    const body = make("tbody");
    for (let i = 0; i < chart.times.length - 1; i += step) {
      body.append(make("tr", {}, make("th", { scope: "row" }, instant(chart.times[i])), ...chart.lines.map((line) => make("td", { class: "number" }, valued(chart.unit, line.values[i])))));
    }
    const note = step > 1 ? " (one of " + step + " intervals)" : "";
    return make("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": "Table of " + chart.title },
      make("table", {}, make("caption", {}, chart.title + ", " + chart.unit + note), make("thead", {}, head), body));
  };

  const keys = (u, event) => {
    const jump = event.shiftKey ? 10 : 1;
    const last = Math.max(0, u.data[0].length - 2);
    const inView = (i) => u.data[0][i] >= view.min && u.data[0][i] <= view.max;
    const { left } = u.cursor;
    let idx = left >= 0 ? interval(u, u.posToVal(left, "x")) : u.data[0].findIndex((x) => x >= view.min);
    const moves = { ArrowRight: jump, ArrowLeft: -jump };
    if (event.key in moves) {
      idx = Math.max(0, Math.min(last, idx + moves[event.key]));
      if (!inView(idx)) zoomBy(1, u.data[0][idx]);
    } else if (event.key === "Home") idx = u.data[0].findIndex((x) => x >= view.min);
    else if (event.key === "End") { idx = last; while (idx > 0 && !inView(idx)) idx -= 1; }
    else if (event.key === "+" || event.key === "=") { zoomBy(0.5, u.data[0][idx]); }
    else if (event.key === "-") { zoomBy(2, u.data[0][idx]); }
    else if (event.key === "0") { zoomTo(whole.min, whole.max); }
    else return;
    event.preventDefault();
    u.setCursor({ left: u.valToPos(u.data[0][idx], "x") + 0.5, top: u.over.clientHeight / 2 });
    read(u, true);
  };

  const holders = [];
  data.charts.forEach((chart, place) => {
    const id = "chart-" + place;
    const plot = make("div", { class: "plot", role: "group", tabindex: "0", "aria-roledescription": "interactive chart", "aria-label": chart.title + ", in " + chart.unit + ". Arrow keys move the cursor; plus, minus and zero zoom." });
    const details = make("details", {}, make("summary", {}, "As a table"));
    details.addEventListener("toggle", () => { if (details.open && details.children.length === 1) details.append(tableOf(chart)); });
    $("charts").append(make("div", { class: "chart", role: "group", "aria-labelledby": id }, make("h3", { id }, chart.title), plot, details));
    holders.push({ chart, plot });
  });

  const drawAll = () => {
    for (const { plot } of plots) plot.destroy();
    plots.length = 0;
    for (const { chart, plot: holder } of holders) {
      // A value holds until the next time: the last one is repeated at the end.
      const columns = chart.lines.map((line) => [...line.values, line.values[line.values.length - 1]]);
      const plot = new uPlot(options(chart, Math.max(holder.clientWidth, 200)), [chart.times.map((t) => t + offset), ...columns], holder);
      plot.chart = chart;
      plot.over.addEventListener("dblclick", () => zoomTo(whole.min, whole.max));
      plots.push({ plot, holder });
      plot.root.querySelectorAll(".u-marker").forEach((marker, i) => {
        const line = chart.lines[i - 1];
        if (line) marker.style.borderBottomStyle = { dashed: "dashed", dotted: "dotted" }[line.style] || "solid";
      });
      plot.root.querySelectorAll(".u-legend .u-series > th").forEach((cell) => { cell.setAttribute("scope", "row"); });
    }
  };
  for (const { plot: holder } of holders) {
    holder.addEventListener("keydown", (event) => {
      const found = plots.find((entry) => entry.holder === holder);
      if (found) keys(found.plot, event);
    });
  }
  if (holders.length) {
    $("toolbar").hidden = false;
    $("zoom-in").addEventListener("click", () => zoomBy(0.5, middle()));
    $("zoom-out").addEventListener("click", () => zoomBy(2, middle()));
    $("zoom-all").addEventListener("click", () => zoomTo(whole.min, whole.max));
    for (const [place, mark] of data.marks.entries()) {
      $("go-to").append(make("option", { value: place }, span(mark.at) + ": " + KINDS[mark.kind] + " " + mark.what));
    }
    $("go-to").addEventListener("change", (event) => {
      const mark = data.marks[event.target.value];
      if (!mark) return;
      const length = Math.max((whole.max - whole.min) / 20, ((mark.end ?? mark.at) - mark.at) * 1.5);
      const from = Math.max(whole.min, mark.at + offset - length * 0.25);
      zoomTo(from, from + length);
    });
    $("go-to").parentElement.hidden = data.marks.length === 0;
    const kinds = new Set(data.marks.map((mark) => mark.kind));
    $("key").hidden = kinds.size === 0;
    for (const kind of ["fault", "action", "scale"]) if (!kinds.has(kind)) $("key").querySelector("." + kind).remove();
  }

  // ---- heat map ----------------------------------------------------------------------------------------------------
  const heat = data.heat;
  const canvas = $("heat-map");
  let heatAt = null;
  const drawHeat = () => {
    if (!heat || !canvas) return;
    $("heat").hidden = false;
    const width = $("heat").clientWidth, px = devicePixelRatio || 1;
    const row = 16, foot = 36, name = Math.min(width * 0.34, 210), right = 14;
    const height = heat.nodes.length * row + foot;
    canvas.width = width * px; canvas.height = height * px;
    canvas.style.width = width + "px"; canvas.style.height = height + "px";
    const c = canvas.getContext("2d");
    c.scale(px, px);
    c.clearRect(0, 0, width, height);
    const columns = heat.nodes[0].percent.length, cell = (width - name - right) / columns;
    c.font = "12px system-ui, sans-serif";
    c.textBaseline = "middle";
    const cut = (text, room) => {
      if (c.measureText(text).width <= room) return text;
      while (text.length > 1 && c.measureText("…" + text).width > room) text = text.slice(1);
      return "…" + text;
    };
    heat.nodes.forEach((node, y) => {
      c.fillStyle = tone("fg");
      c.textAlign = "right";
      c.fillText(cut(node.name, name - 10), name - 6, y * row + row / 2);
      node.percent.forEach((percent, x) => {
        if (percent < 0) return;
        c.fillStyle = "rgba(" + tone("heat") + "," + (0.06 + 0.94 * Math.min(percent, 100) / 100) + ")";
        c.fillRect(name + x * cell, y * row + 1, cell + 0.4, row - 2);
      });
    });
    c.fillStyle = tone("fg");
    c.strokeStyle = tone("line");
    const room = width - name - right, base = heat.nodes.length * row;
    const step = STEPS.find((s) => (data.end / s) * 84 <= room) || data.end;
    for (let at = offset ? Math.ceil(offset / step) * step - offset : 0; at <= data.end; at += step) {
      const x = name + (at / data.end) * room, label = tick(at + offset, step);
      const half = c.measureText(label).width / 2;
      c.beginPath(); c.moveTo(x, base); c.lineTo(x, base + 4); c.stroke();
      if (x - half >= name - 20 && x + half <= width) { c.textAlign = "center"; c.fillText(label, x, base + 12); }
    }
    c.textAlign = "center";
    c.fillStyle = tone("muted");
    c.fillText(start === null ? "time since the start" : "time (UTC)", name + room / 2, base + 28);
    heatAt = (px, py) => {
      const x = Math.floor((px - name) / cell), y = Math.floor(py / row);
      const node = heat.nodes[y];
      return node && x >= 0 && x < columns ? { node, x } : null;
    };
  };
  if (canvas) {
    canvas.addEventListener("mousemove", (event) => {
      const found = heatAt && heatAt(event.offsetX, event.offsetY);
      if (!found) return;
      const percent = found.node.percent[found.x];
      $("heat-reading").textContent = found.node.name + " from " + instant(found.x * heat.span) + ": " + (percent < 0 ? "not in the API" : percent + " % of its CPU requested");
    });
  }

  // ---- lists -------------------------------------------------------------------------------------------------------
  const PAGE = 25;
  // columns: [heading, value for sorting and searching, text, "number" or "long"]
  const list = (holder, rows, columns, words, choice) => {
    if (rows.length === 0) { holder.append(make("p", {}, "None.")); return; }
    const id = holder.id;
    let page = 0, order = null, found = rows;
    const search = make("input", { type: "search", id: id + "-search", autocomplete: "off", size: 28 });
    const filter = make("select", { id: id + "-filter" }, make("option", { value: "" }, "all"));
    for (const value of [...new Set(rows.map(choice.of))].sort()) filter.append(make("option", { value }, value));
    const count = make("p", { class: "count", role: "status" });
    const body = make("tbody");
    const heads = columns.map(([heading, , , kind], place) => {
      const button = make("button", { type: "button", onclick: () => {
        order = order && order.place === place ? { place, up: !order.up } : { place, up: true };
        refresh();
      } }, heading);
      return make("th", { scope: "col", class: kind }, button);
    });
    const back = make("button", { type: "button", onclick: () => { page -= 1; show(); } }, "Previous");
    const on = make("button", { type: "button", onclick: () => { page += 1; show(); } }, "Next");
    const table = make("table", {}, make("caption", {}, words), make("thead", {}, make("tr", {}, ...heads)), body);
    const show = () => {
      const pages = Math.max(1, Math.ceil(found.length / PAGE));
      page = Math.max(0, Math.min(page, pages - 1));
      body.replaceChildren(...found.slice(page * PAGE, (page + 1) * PAGE).map((row) => make("tr", {}, ...columns.map(([, , text, kind], place) =>
        make(place === 0 ? "th" : "td", { scope: place === 0 ? "row" : undefined, class: kind }, text(row))))));
      const first = found.length ? page * PAGE + 1 : 0;
      count.textContent = first + " to " + Math.min(found.length, (page + 1) * PAGE) + " of " + found.length.toLocaleString("en-US") + (found.length < rows.length ? " found" : "");
      back.disabled = page === 0;
      on.disabled = page >= pages - 1;
    };
    const refresh = () => {
      const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      found = rows.filter((row) => {
        if (filter.value && choice.of(row) !== filter.value) return false;
        if (!wanted.length) return true;
        const text = columns.map(([, value, shown]) => value(row) + " " + shown(row)).join(" ").toLowerCase();
        return wanted.every((word) => text.includes(word));
      });
      heads.forEach((head, place) => head.setAttribute("aria-sort", order && order.place === place ? (order.up ? "ascending" : "descending") : "none"));
      if (order) {
        const value = columns[order.place][1], sign = order.up ? 1 : -1;
        found = [...found].sort((a, b) => {
          const [x, y] = [value(a), value(b)];
          if (x === null) return 1;
          if (y === null) return -1;
          return sign * (typeof x === "number" ? x - y : String(x).localeCompare(String(y), "en"));
        });
      }
      page = 0;
      show();
    };
    search.addEventListener("input", refresh);
    filter.addEventListener("change", refresh);
    holder.append(
      make("div", { class: "filters" }, make("label", { for: search.id }, "Search", search), make("label", { for: filter.id }, choice.label, filter), count),
      make("div", { class: "scroll list", role: "region", tabindex: "0", "aria-label": words + " (table)" }, table),
      make("div", { class: "toolbar pager" }, back, on));
    refresh();
  };
  list($("event-list"), data.events, [
    ["first seen", (e) => e[0], (e) => instant(e[0]), "whole"],
    ["type", (e) => e[3], (e) => e[3]],
    ["reason", (e) => e[4], (e) => e[4]],
    ["object", (e) => e[6], (e) => e[6]],
    ["message", (e) => e[7], (e) => e[7], "long"],
    ["count", (e) => e[2], (e) => String(e[2]), "number"],
    ["last seen", (e) => e[1], (e) => (e[1] === e[0] ? "" : instant(e[1])), "whole"],
    ["source", (e) => e[5], (e) => e[5]],
  ], "Kubernetes Events", { label: "Reason", of: (e) => e[4] });
  const seconds = (v) => (v === null ? "" : span(v));
  list($("pod-list"), data.pods, [
    ["pod", (p) => p[0], (p) => p[0], "whole"],
    ["workload", (p) => p[1], (p) => p[1]],
    ["node", (p) => p[2], (p) => p[2], "whole"],
    ["created", (p) => p[3], (p) => instant(p[3]), "whole"],
    ["waited to be bound", (p) => p[4], (p) => seconds(p[4]), "number"],
    ["ready after", (p) => p[5], (p) => seconds(p[5]), "number"],
    ["outcome", (p) => p[6], (p) => p[6]],
    ["restarts", (p) => p[7], (p) => String(p[7]), "number"],
    ["why", (p) => p[8], (p) => p[8], "long"],
  ], "Pods", { label: "Outcome", of: (p) => p[6] });

  // ---- all of it, again where the room or the colours are others ---------------------------------------------------
  const draw = () => { drawAll(); drawHeat(); };
  draw();
  let width = document.documentElement.clientWidth;
  addEventListener("resize", () => {
    if (document.documentElement.clientWidth === width) return;
    width = document.documentElement.clientWidth;
    draw();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  addEventListener("beforeprint", () => { printing = true; draw(); });
  addEventListener("afterprint", () => { printing = false; draw(); });
})();
