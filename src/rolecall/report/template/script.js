"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const root = document.documentElement;
  const form = document.querySelector(".filters");
  const table = document.querySelector(".all table");
  const chunks = [...table.tBodies].map((body) => ({ body, rows: [...body.rows], shown: body.rows.length }));
  const rows = chunks.flatMap((chunk) => chunk.rows);
  const cards = new Map(
    [...document.querySelectorAll("details.card")].map((card) => [card.id.slice(1), card])
  );
  const groups = [...document.querySelectorAll(".failed article")];
  const boxes = [...form.querySelectorAll('[name="state"]')];
  root.classList.add("js");
  form.hidden = false;

  const place = () => {
    const stuck = getComputedStyle(form).position === "sticky";
    root.style.setProperty("--below", stuck ? `${form.offsetHeight}px` : "0");
  };
  new ResizeObserver(place).observe(form);

  // Filters. What is searched is read once, when it is first asked for.
  let known = null;
  const read = () =>
    (known ??= rows.map((row) => {
      const [name, account, region] = row.cells;
      const card = cards.get(row.id.slice(1));
      const group = card?.closest("article").querySelector("h3").textContent ?? "";
      const text = [name, account, region].map((cell) => cell.textContent).join(" ");
      return {
        row,
        card,
        kind: row.classList[0],
        wave: row.dataset.w ?? "",
        account: account.textContent,
        text: `${text} ${group} ${card?.textContent ?? ""}`.toLowerCase(),
      };
    }));

  const apply = () => {
    const wanted = $("find").value.trim().toLowerCase();
    const account = $("account").value.trim();
    const wave = $("wave")?.value ?? "";
    const states = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    let count = 0;
    for (const chunk of chunks) chunk.shown = 0;
    read().forEach((one, number) => {
      const shown =
        (!states.size || states.has(one.kind)) &&
        (!wave || one.wave === wave) &&
        (!account || one.account.includes(account)) &&
        (!wanted || one.text.includes(wanted));
      if (one.row.hidden === shown) one.row.hidden = !shown;
      if (one.card && one.card.hidden === shown) one.card.hidden = !shown;
      chunks[Math.floor(number / chunks[0].rows.length)].shown += shown;
      count += shown;
    });
    resize();
    for (const group of groups) group.hidden = !group.querySelector(".card:not([hidden])");
    const failures = document.querySelector("section.failed");
    if (failures) failures.hidden = groups.every((group) => group.hidden);
    const all = rows.length.toLocaleString("en");
    const filtered = wanted || account || wave || states.size;
    $("told").textContent = filtered
      ? `${count.toLocaleString("en")} of ${all} match`
      : `${all} shown`;
    document.querySelector(".none").hidden = count > 0;
    highlight(wanted);
  };

  // The browser can't know how high rows are that it has not laid out.
  let height = 0;
  const resize = () => {
    for (const { body, shown } of chunks) {
      if (body.hidden !== !shown) body.hidden = !shown;
      if (height) body.style.containIntrinsicBlockSize = `${shown * height}px`;
    }
  };
  const measure = () => {
    height = rows.find((row) => !row.hidden)?.offsetHeight ?? 0;
    resize();
  };
  if (chunks.length > 4) new ResizeObserver(measure).observe(table.tHead);

  // Marks what was found in the logs, without a change to the page.
  const MOST = 500;
  const highlight = (wanted) => {
    if (!window.Highlight) return;
    CSS.highlights.delete("found");
    if (wanted.length < 2) return;
    const found = new Highlight();
    for (const card of cards.values()) {
      if (card.hidden || found.size >= MOST) continue;
      const node = card.querySelector("pre")?.firstChild;
      const text = node?.data.toLowerCase() ?? "";
      if (text.length !== node?.data.length) continue;
      for (let at = text.indexOf(wanted); at >= 0 && found.size < MOST; at = text.indexOf(wanted, at + wanted.length)) {
        const range = new Range();
        range.setStart(node, at);
        range.setEnd(node, at + wanted.length);
        found.add(range);
      }
    }
    CSS.highlights.set("found", found);
  };

  let waiting = 0;
  const soon = () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(apply);
  };
  (window.requestIdleCallback ?? setTimeout)(read);
  form.addEventListener("input", soon);
  form.addEventListener("reset", () => setTimeout(apply));
  form.addEventListener("submit", (event) => event.preventDefault());
  $("account").addEventListener(
    "focus",
    () => {
      for (const account of new Set(read().map((one) => one.account).filter(Boolean))) {
        $("accounts").append(new Option(account));
      }
    },
    { once: true }
  );
  $("told").textContent = `${rows.length.toLocaleString("en")} shown`;

  // What is known of a row, once it is opened.
  let details = null;
  const time = (seconds) => {
    if (seconds < 10) return `${seconds.toFixed(1)} s`;
    const whole = Math.round(seconds);
    const two = (number) => String(number).padStart(2, "0");
    if (whole < 60) return `${whole} s`;
    if (whole < 3600) return `${Math.floor(whole / 60)} m ${two(whole % 60)} s`;
    return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} m`;
  };
  const made = (row) => {
    details ??= JSON.parse($("details").textContent);
    const [role, began, commands, log] = details.rows[row.id.slice(1)];
    // No td, so that the others are still the last ones for the style.
    const cell = document.createElement("div");
    cell.className = "more";
    cell.setAttribute("role", "cell");
    const list = document.createElement("dl");
    const add = (term, text) => {
      const dt = document.createElement("dt");
      const dd = document.createElement("dd");
      dt.textContent = term;
      dd.textContent = text;
      list.append(dt, dd);
    };
    if (role) add("role", role);
    const after = (seconds) => (seconds === null ? "not begun" : `${time(seconds)} after the run`);
    add("began", typeof began === "string" ? began : after(began));
    commands.forEach(([label, status, seconds], number) => {
      const spent = details.statuses[status] === "not run" ? "" : `, ${time(seconds)}`;
      add(`command ${number + 1}`, `${details.texts[label]} (${details.statuses[status]}${spent})`);
    });
    if (log) {
      const link = document.createElement("a");
      link.href = log.split("/").map(encodeURIComponent).join("/");
      link.textContent = log;
      add("log", "");
      list.lastChild.append(link);
    }
    cell.append(list);
    return cell;
  };
  table.addEventListener("click", (event) => {
    const link = event.target.closest("th a");
    if (!link) return;
    event.preventDefault();
    const row = link.closest("tr");
    const more = row.querySelector(".more");
    if (more) more.remove();
    else row.append(made(row));
    link.setAttribute("aria-expanded", String(!more));
  });

  // A link to a failure opens it.
  const open = () => {
    const card = document.getElementById(location.hash.slice(1));
    if (card?.matches("details")) card.open = true;
  };
  addEventListener("hashchange", open);
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#f"]');
    if (link) document.getElementById(link.hash.slice(1)).open = true;
  });
  open();

  for (const again of document.querySelectorAll(".again")) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    again.append(button);
  }
  document.addEventListener("click", async (event) => {
    const button = event.target.closest(".again button");
    if (!button) return;
    const code = button.parentElement.querySelector("code");
    try {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(code);
    }
  });
  addEventListener("beforeprint", () => {
    for (const each of document.querySelectorAll("details")) each.open = true;
  });
})();
