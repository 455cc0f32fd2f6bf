// What pages of the console share: charts from tables, questions before what cannot be undone,
// and filters that send themselves.
(function () {
  "use strict";

  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const charts = [];

  // <figure class="c-chart" data-chart="bar|line|stacked|across"> holds <div class="c-chart__box"><canvas></div>
  // and a table: the first column names the points, each other column is a series.
  function draw(figure) {
    const canvas = figure.querySelector("canvas");
    const table = figure.querySelector("table");
    if (!canvas || !table || !window.Chart) return;
    const head = [...table.tHead.rows[0].cells].map((cell) => cell.textContent.trim());
    const rows = [...table.tBodies[0].rows].map((row) => [...row.cells]);
    const value = (cell) => {
      const raw = cell.dataset.value ?? cell.textContent.replace(/[^0-9.\-]/g, "");
      return raw === "" ? null : Number(raw);
    };
    const kind = figure.dataset.chart;
    const drawn = head.map((_, i) => i).slice(1).filter((i) => table.tHead.rows[0].cells[i].dataset.series !== "no");
    const datasets = drawn.map((column, i) => ({
      label: head[column],
      data: rows.map((row) => value(row[column])),
      backgroundColor: css("--series-" + ((i % 6) + 1)),
      borderColor: css("--series-" + ((i % 6) + 1)),
      borderWidth: kind === "line" ? 2 : 0,
      borderRadius: 4,
      pointRadius: rows.length > 40 ? 0 : 2,
      tension: 0.2,
      maxBarThickness: 36,
    }));
    const axis = (stacked) => ({
      stacked,
      grid: { color: css("--line") },
      ticks: { color: css("--ink-soft"), maxRotation: 0, autoSkipPadding: 12 },
    });
    const stacked = kind === "stacked";
    charts.push(new window.Chart(canvas, {
      type: kind === "line" ? "line" : "bar",
      data: { labels: rows.map((row) => row[0].textContent.trim()), datasets },
      options: {
        indexAxis: kind === "across" ? "y" : "x",
        responsive: true,
        maintainAspectRatio: false,
        animation: false,
        plugins: {
          legend: { display: datasets.length > 1, labels: { color: css("--ink"), boxWidth: 12 } },
        },
        scales: { x: axis(stacked), y: { ...axis(stacked), beginAtZero: true } },
      },
    }));
  }

  function drawAll() {
    charts.splice(0).forEach((chart) => chart.destroy());
    document.querySelectorAll("figure[data-chart]").forEach(draw);
  }

  // <strong data-ticked="NAME"> in a dialog says how many boxes of that name are ticked, or how many
  // the ticked <input data-ticks="NAME" data-count="…"> stands for; with none there is nothing to do.
  function countTicked(dialog) {
    dialog.querySelectorAll("[data-ticked]").forEach((place) => {
      const name = place.dataset.ticked;
      const whole = document.querySelector(`[data-ticks="${name}"]:checked`);
      const boxes = document.querySelectorAll(`input[type=checkbox][name="${name}"]:checked`);
      const count = whole ? Number(whole.dataset.count) : boxes.length;
      place.textContent = count;
      dialog.querySelectorAll("button[name]").forEach((button) => {
        button.disabled = count === 0;
      });
    });
  }

  // <button data-confirm="ID"> opens <dialog id="ID">; its form does the work, or a button of it
  // sends the form that the opener stands in, once that is filled in.
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-confirm]");
    if (opener) {
      event.preventDefault();
      const dialog = document.getElementById(opener.dataset.confirm);
      const form = opener.form;
      if (form && !form.contains(dialog) && !form.reportValidity()) return;
      countTicked(dialog);
      dialog.showModal();
    }
    const closer = event.target.closest("[data-close]");
    if (closer) closer.closest("dialog").close();
  });

  // <form data-live> sends itself when a choice in it changes.
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-live]");
    if (form && event.target.matches("select, input[type=date], input[type=checkbox]")) form.requestSubmit();
  });

  // <input type="checkbox" data-all="NAME"> ticks every box of that name.
  document.addEventListener("change", (event) => {
    const all = event.target.closest("[data-all]");
    if (!all) return;
    document.querySelectorAll(`input[type=checkbox][name="${all.dataset.all}"]`).forEach((box) => {
      box.checked = all.checked;
    });
  });

  // Tokens of forms for what htmx sends.
  document.addEventListener("htmx:configRequest", (event) => {
    const token = document.querySelector("input[name=csrfmiddlewaretoken]");
    if (token) event.detail.headers["X-CSRFToken"] = token.value;
  });

  // What scrolls sideways is reached by keyboard too; what fits is no stop on the way.
  const sized = new ResizeObserver((boxes) => {
    for (const { target } of boxes) {
      if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
      else target.removeAttribute("tabindex");
    }
  });
  const watchScrolling = () => document.querySelectorAll(".c-scroll").forEach((box) => sized.observe(box));
  document.addEventListener("htmx:load", watchScrolling);

  document.addEventListener("DOMContentLoaded", () => {
    // Browsers wait with this for a picture of the page; the next key may come before.
    const first = document.querySelector("[autofocus]");
    if (first && document.activeElement === document.body) first.focus();
    document.querySelectorAll(".c-tabs [aria-current]").forEach((tab) => {
      const strip = tab.parentElement;
      strip.scrollLeft = tab.offsetLeft - strip.offsetLeft - (strip.clientWidth - tab.offsetWidth) / 2;
    });
    drawAll();
    watchScrolling();
    new MutationObserver(drawAll).observe(document.documentElement, { attributeFilter: ["class"] });
    // Paper is white whatever the screen is, and what is drawn does not change its colours by itself.
    matchMedia("print").addEventListener("change", drawAll);
  });
})();
