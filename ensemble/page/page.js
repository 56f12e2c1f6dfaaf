"use strict";
(() => {
  const root = document.documentElement;
  const at = (id) => document.getElementById(id);
  const escaped = (text) =>
    String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

  at("theme").addEventListener("change", (event) => { root.dataset.theme = event.target.value; });
  at("palette").addEventListener("change", (event) => { root.dataset.palette = event.target.value; });

  const source = at("data");
  if (!source) {
    at("digits").parentElement.hidden = true;
    return;
  }
  const data = JSON.parse(source.textContent);
  const SOLVED = 0;

  // Grids ---------------------------------------------------------------------------------------

  const unpacked = (index) => {
    const [width, cells] = data.grids[index].split(":");
    return { width: Number(width), height: cells.length / Number(width), cells };
  };

  const sameShape = (a, b) => a.width === b.width && a.height === b.height;

  // Each color is one path of horizontal runs; cells that differ from the answer get a cross.
  function drawn(index, { most = 200, cell = 28, answer = null, label = "grid" } = {}) {
    const grid = unpacked(index);
    const { width, height, cells } = grid;
    const paths = Array(10).fill("");
    for (let r = 0; r < height; r++) {
      for (let c = 0; c < width;) {
        let end = c + 1;
        while (end < width && cells[r * width + end] === cells[r * width + c]) end++;
        paths[cells[r * width + c]] += `M${c} ${r}h${end - c}v1h${c - end}z`;
        c = end;
      }
    }
    let lines = "";
    for (let r = 0; r <= height; r++) lines += `M0 ${r}h${width}`;
    for (let c = 0; c <= width; c++) lines += `M${c} 0v${height}`;
    let crosses = "", digits = "";
    const truth = answer === null ? null : unpacked(answer);
    const comparable = truth !== null && sameShape(grid, truth);
    const showDigits = at("digits").checked && most > 120;
    for (let i = 0; i < cells.length; i++) {
      const c = i % width, r = Math.floor(i / width);
      if (comparable && cells[i] !== truth.cells[i])
        crosses += `M${c + .26} ${r + .26}l.48 .48m0-.48l-.48 .48`;
      if (showDigits) digits += `<text class="i${cells[i]}" x="${c + .5}" y="${r + .72}">${cells[i]}</text>`;
    }
    const size = Math.min(cell, most / Math.max(width, height));
    return `<svg class="grid" viewBox="-.03 -.03 ${width + .06} ${height + .06}" ` +
      `style="width:${(width * size).toFixed(0)}px" role="img" ` +
      `aria-label="${escaped(label)}, ${height} by ${width}">` +
      paths.map((d, k) => (d ? `<path class="k${k}" shape-rendering="crispEdges" d="${d}"/>` : "")).join("") +
      `<path class="lines" d="${lines}"/>${digits}` +
      (crosses ? `<path class="under" d="${crosses}"/><path class="over" d="${crosses}"/>` : "") +
      "</svg>";
  }

  function against(candidate, answer) {
    if (candidate.right) return '<b class="yes">right</b>';
    const grid = unpacked(candidate.grid), truth = unpacked(answer);
    if (!sameShape(grid, truth)) return '<b class="no">wrong size</b>';
    let n = 0;
    for (let i = 0; i < grid.cells.length; i++) n += grid.cells[i] !== truth.cells[i];
    return `<b class="no">wrong in ${n} of ${grid.cells.length}</b>`;
  }

  // The list of tasks ---------------------------------------------------------------------------

  const option = (value, text) => `<option value="${escaped(value)}">${escaped(text)}</option>`;
  const outcomeOf = (task) => task.rows[Number(at("row").value)];
  const nSolved = (task) => task.rows.filter((row) => row.reason === SOLVED).length;
  const secondsOf = (task) => Object.values(outcomeOf(task).seconds).reduce((a, b) => a + b, 0);

  at("row").innerHTML = data.rows.map((name, i) => option(i, name)).join("");
  const reasons = data.reasons
    .map((name, i) => [name, i])
    .filter(([, i]) => data.tasks.some((task) => task.rows.some((row) => row.reason === i)));
  at("outcome").innerHTML =
    option("", "all") + option("failed", "not solved") +
    reasons.map(([name, i]) => option(i, name)).join("") +
    (data.tasks.some((t) => t.rows.some((r) => r.share > 0 && r.share < 1)) ? option("partly", "partly right") : "") +
    (data.tasks.some((t) => t.rows.some((r) => r.unverified)) ? option("unverified", "no program fits") : "") +
    (data.rows.length > 1 ? option("disagree", "entries disagree") : "");
  at("level").innerHTML = option("", "all") + data.levels.map((name, i) => option(i, name)).join("");
  at("level-label").hidden = data.levels.length === 0;

  const ORDERS = {
    id: (a, b) => (a.id < b.id ? -1 : 1),
    few: (a, b) => nSolved(a) - nSolved(b),
    many: (a, b) => nSolved(b) - nSolved(a),
    small: (a, b) => a.cells - b.cells,
    large: (a, b) => b.cells - a.cells,
    slow: (a, b) => secondsOf(b) - secondsOf(a),
  };

  function passes(task) {
    const outcome = at("outcome").value, row = outcomeOf(task);
    if (!task.id.toLowerCase().includes(at("find").value.trim().toLowerCase())) return false;
    if (at("level").value !== "" && task.level !== Number(at("level").value)) return false;
    if (outcome === "") return true;
    if (outcome === "failed") return row.reason !== SOLVED;
    if (outcome === "partly") return row.share > 0 && row.share < 1;
    if (outcome === "unverified") return row.unverified;
    if (outcome === "disagree") return nSolved(task) > 0 && nSolved(task) < task.rows.length;
    return row.reason === Number(outcome);
  }

  const MARKS = { yes: "✓", half: "◐", no: "✗" };
  const kindOf = (row) => (row.reason === SOLVED ? "yes" : row.share > 0 ? "half" : "no");

  function thumbs(task) {
    const first = outcomeOf(task).tests[0][0];
    const left = task.tests.length ? drawn(task.tests[0], { most: 96, cell: 18, label: "test input" }) : "";
    const right = first
      ? drawn(first.grid, { most: 96, cell: 18, answer: task.answers[0], label: "first attempt" })
      : '<span class="nothing">no attempt</span>';
    return `${left}<span>→</span>${right}`;
  }

  function cardOf(task) {
    const card = document.createElement("button");
    card.type = "button";
    card.className = "card";
    card.dataset.id = task.id;
    card.tabIndex = -1;
    const row = outcomeOf(task), seconds = secondsOf(task);
    const level = task.level >= 0 ? data.levels[task.level] : "";
    const marks = task.rows
      .map((each, i) => `<span class="mark ${kindOf(each)}">${MARKS[kindOf(each)]} ${escaped(data.rows[i])}</span>`)
      .join("");
    const facts = [data.reasons[row.reason], seconds ? `${seconds.toFixed(1)}\u00a0s` : ""].filter(Boolean);
    card.innerHTML =
      `<span class="top"><b>${escaped(task.id)}</b><span>${escaped(level)}</span></span>` +
      `<span class="thumbs"></span><span class="marks">${marks}</span>` +
      `<span class="why">${escaped(facts.join(", "))}</span>`;
    return card;
  }

  const byId = new Map(data.tasks.map((task) => [task.id, task]));
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      entry.target.querySelector(".thumbs").innerHTML = thumbs(byId.get(entry.target.dataset.id));
      watcher.unobserve(entry.target);
    }
  }, { rootMargin: "400px" });

  let shown = [];
  function refresh() {
    shown = data.tasks.filter(passes).sort((a, b) => ORDERS[at("order").value](a, b) || ORDERS.id(a, b));
    watcher.disconnect();
    const cards = shown.map(cardOf);
    at("gallery").replaceChildren(...cards);
    if (cards.length) cards[0].tabIndex = 0;
    cards.forEach((card) => watcher.observe(card));
    at("none").hidden = shown.length > 0;
    at("count").textContent = `${shown.length} of ${data.tasks.length} tasks`;
  }
  for (const id of ["row", "outcome", "level", "order"]) at(id).addEventListener("change", refresh);
  at("find").addEventListener("input", refresh);

  function focusCard(card) {
    for (const other of at("gallery").querySelectorAll('[tabindex="0"]')) other.tabIndex = -1;
    card.tabIndex = 0;
    card.focus();
  }

  at("gallery").addEventListener("keydown", (event) => {
    const cards = [...at("gallery").children];
    const here = cards.indexOf(document.activeElement);
    if (here < 0) return;
    const columns = cards.filter((card) => card.offsetTop === cards[0].offsetTop).length;
    const to = {
      ArrowRight: here + 1, ArrowLeft: here - 1, ArrowDown: here + columns, ArrowUp: here - columns,
      Home: 0, End: cards.length - 1,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    if (cards[to]) focusCard(cards[to]);
  });
  at("gallery").addEventListener("click", (event) => {
    const card = event.target.closest(".card");
    if (card) open(card.dataset.id);
  });

  // One task ------------------------------------------------------------------------------------

  const dialog = at("task");
  let current = "";

  const pictured = (caption, svg) => `<figure><figcaption>${caption}</figcaption>${svg}</figure>`;

  function candidateFigure(candidate, answer) {
    const name = candidate.place <= 2 ? `attempt ${candidate.place}` : `candidate ${candidate.place}`;
    const options = { answer: candidate.right ? null : answer, label: name };
    return pictured(`${name}: ${against(candidate, answer)}`, drawn(candidate.grid, options));
  }

  function votesTable(candidates) {
    const voted = candidates.flatMap((candidate) =>
      candidate.why.filter((why) => why.votes).map((why) => [candidate, why.votes]));
    if (!voted.length) return "";
    const head = data.symmetries.map((name) => `<th scope="col">${escaped(name)}</th>`).join("");
    const lines = voted.map(([candidate, votes]) => {
      const name = candidate.place <= 2 ? `attempt ${candidate.place}` : `candidate ${candidate.place}`;
      const cells = votes.map((n) => `<td class="${n ? "has" : "no-vote"}">${n || "·"}</td>`).join("");
      return `<tr><th scope="row">${name}${candidate.right ? ' <b class="yes">✓</b>' : ""}</th>${cells}</tr>`;
    }).join("");
    return `<div class="scroll"><table class="votes"><thead><tr><th scope="col">votes by view</th>${head}</tr></thead>` +
      `<tbody>${lines}</tbody></table></div>`;
  }

  function evidenceOf(candidates) {
    return candidates.filter((candidate) => candidate.place <= 2).flatMap((candidate) =>
      candidate.why.map((why) =>
        `<p class="evidence">attempt ${candidate.place}, ${escaped(why.text)}</p>` +
        (why.program === undefined ? "" :
          `<div class="code"><pre><code>${data.programs[why.program]}</code></pre><button type="button" class="copy">Copy</button></div>`)
      )).join("");
  }

  function outcomeSection(task, row, name) {
    const kind = kindOf(row);
    const spent = Object.entries(row.seconds).map(([stage, s]) => `${stage} ${s} s`);
    const small = [row.note, ...spent].filter(Boolean).map(escaped).join(" · ");
    const tests = row.tests.map((candidates, i) => {
      const title = row.tests.length > 1 ? `<p class="evidence">test ${i}</p>` : "";
      const attempts = candidates.filter((candidate) => candidate.place <= 2);
      const others = candidates.filter((candidate) => candidate.place > 2);
      const grids = attempts.length
        ? attempts.map((candidate) => candidateFigure(candidate, task.answers[i])).join("") +
          pictured("answer", drawn(task.answers[i], { label: "answer" }))
        : '<span class="nothing">no attempt</span>' + pictured("answer", drawn(task.answers[i], { label: "answer" }));
      const more = others.length
        ? `<details><summary>${others.length} further ${others.length > 1 ? "candidates" : "candidate"}</summary>` +
          `<div class="shelf">${others.map((candidate) => candidateFigure(candidate, task.answers[i])).join("")}</div></details>`
        : "";
      return `${title}<div class="shelf">${grids}</div>${more}${votesTable(candidates)}${evidenceOf(candidates)}`;
    }).join("");
    return `<section class="outcome"><div><h3>${escaped(name)}<span class="chip ${kind}">${MARKS[kind]} ` +
      `${escaped(data.reasons[row.reason])}</span><small>${small}</small></h3>${tests}</div></section>`;
  }

  function draw(task) {
    const pairs = task.pairs.map(([input, output]) =>
      `<div class="pair">${drawn(input, { label: "input" })}<span>→</span>${drawn(output, { label: "output" })}</div>`).join("");
    const tests = task.tests.map((input, i) =>
      `<div class="pair">${drawn(input, { label: "test input" })}<span>→</span>` +
      `${drawn(task.answers[i], { label: "answer" })}</div>`).join("");
    at("task-title").textContent = task.id;
    const place = shown.indexOf(task);
    const level = task.level >= 0 ? `${data.levels[task.level]}, ` : "";
    at("task-place").textContent = level + (place < 0 ? "not in the list" : `${place + 1} of ${shown.length}`);
    at("previous").disabled = place <= 0;
    at("next").disabled = place < 0 || place === shown.length - 1;
    at("task-body").innerHTML =
      (pairs ? `<h3>Demonstrations</h3><div class="shelf">${pairs}</div>` : "") +
      (tests ? `<h3>Test and answer</h3><div class="shelf">${tests}</div>` : "") +
      task.rows.map((row, i) => outcomeSection(task, row, data.rows[i])).join("");
    at("task-body").scrollTop = 0;
  }

  function open(id) {
    const task = byId.get(id);
    if (!task) return;
    current = id;
    draw(task);
    if (!dialog.open) {
      dialog.showModal();
      at("task-body").focus();
    }
    history.replaceState(null, "", `#task-${encodeURIComponent(id)}`);
  }

  function step(by) {
    const place = shown.indexOf(byId.get(current)) + by;
    if (place >= 0 && place < shown.length) open(shown[place].id);
  }

  at("previous").addEventListener("click", () => step(-1));
  at("next").addEventListener("click", () => step(1));
  at("close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft") step(-1);
    else if (event.key === "ArrowRight") step(1);
    else return;
    event.preventDefault();
  });
  dialog.addEventListener("close", () => {
    history.replaceState(null, "", "#tasks");
    const card = [...at("gallery").children].find((each) => each.dataset.id === current);
    if (card) focusCard(card);
  });

  async function copy(button) {
    const text = button.parentElement.querySelector("code").textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const range = document.createRange();
      range.selectNodeContents(button.parentElement.querySelector("code"));
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      document.execCommand("copy");
    }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  }
  dialog.addEventListener("click", (event) => {
    const button = event.target.closest(".copy");
    if (button) copy(button);
  });

  at("digits").addEventListener("change", () => { if (dialog.open) draw(byId.get(current)); });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !dialog.open && !/^(INPUT|SELECT)$/.test(document.activeElement.tagName)) {
      event.preventDefault();
      at("find").focus();
    }
  });

  refresh();
  const asked = decodeURIComponent(location.hash);
  if (asked.startsWith("#task-")) open(asked.slice(6));
})();
