// The few lines of script that pages need. Everything works without them, only with more steps.
"use strict";

// A look-back date or a filter applies when it is chosen; the button stays for those without script.
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-auto]");
  if (form) form.requestSubmit();
});

// All or none of a list of boxes at once, with how many of them are chosen.
for (const bar of document.querySelectorAll("[data-picks]")) {
  const list = bar.closest("fieldset"), boxes = [...list.querySelectorAll("input[type=checkbox]")];
  const tell = () => {
    const chosen = boxes.filter((box) => box.checked).length;
    bar.querySelector("[role=status]").textContent = bar.dataset.picks.replace("{n}", chosen).replace("{all}", boxes.length);
  };
  bar.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-all]");
    if (button) { boxes.forEach((box) => { box.checked = Boolean(button.dataset.all); }); tell(); }
  });
  list.addEventListener("change", tell);
  bar.hidden = boxes.length < 2;
  tell();
}

// Enter in a field beside a form's own work presses the button that stands with the field.
document.addEventListener("keydown", (event) => {
  const own = event.key === "Enter" && event.target.matches("input:not([type=checkbox])") && event.target.closest("[data-enter]");
  if (own) { event.preventDefault(); own.querySelector("button").click(); }
});

// Whoever leaves a page on which something typed is not saved is asked by the browser first.
const typed = document.querySelector("form[data-unsaved]");
if (typed) {
  let unsaved = typed.dataset.unsaved === "1";
  typed.addEventListener("input", () => { unsaved = true; });
  typed.addEventListener("submit", () => { unsaved = false; });
  window.addEventListener("beforeunload", (event) => { if (unsaved) event.preventDefault(); });
}

// A child who walks away from a class device is signed out; the server ends the visit a little later in any case.
const leave = document.querySelector("form[data-idle]");
if (leave) {
  let last = Date.now();
  const here = () => { last = Date.now(); };
  for (const sign of ["pointerdown", "keydown", "change", "visibilitychange"]) document.addEventListener(sign, here);
  setInterval(() => { if (!document.hidden && Date.now() - last > 1000 * Number(leave.dataset.idle)) leave.requestSubmit(); }, 5000);
}

// The class grid keeps one tab stop and moves by arrow keys; Enter opens the inspector beside it.
const grid = document.querySelector("table.grid[data-keys]");
if (grid) {
  const rows = [...grid.tBodies[0].rows].map((row) => [...row.querySelectorAll("a.c")]);
  const at = (cell) => { for (let r = 0; r < rows.length; r++) { const c = rows[r].indexOf(cell); if (c >= 0) return [r, c]; } return [0, 0]; };
  rows.flat().forEach((cell) => { cell.tabIndex = -1; });
  const start = grid.querySelector('a.c[aria-current="true"]') || (rows[0] && rows[0][0]);
  if (start) start.tabIndex = 0;
  const go = (cell) => { if (!cell) return; grid.querySelectorAll('a.c[tabindex="0"]').forEach((c) => { c.tabIndex = -1; }); cell.tabIndex = 0; cell.focus(); };
  grid.addEventListener("keydown", (event) => {
    const cell = event.target.closest("a.c");
    if (!cell || event.ctrlKey || event.metaKey || event.altKey) return;
    const [r, c] = at(cell);
    const last = rows[r].length - 1;
    const moves = { ArrowRight: [r, Math.min(c + 1, last)], ArrowLeft: [r, Math.max(c - 1, 0)], ArrowDown: [Math.min(r + 1, rows.length - 1), c],
      ArrowUp: [Math.max(r - 1, 0), c], Home: [r, 0], End: [r, last], PageDown: [Math.min(r + 10, rows.length - 1), c], PageUp: [Math.max(r - 10, 0), c] };
    const move = moves[event.key];
    if (move) { event.preventDefault(); go(rows[move[0]][move[1]]); }
  });
  grid.addEventListener("click", (event) => {
    const cell = event.target.closest("a.c");
    if (!cell || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go(cell);
    openInspector(cell);
  });
}

async function openInspector(cell) {
  const side = document.getElementById("side");
  side.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(cell.href, { headers: { "X-Fragment": "1" } });
    if (!answer.ok) throw new Error(String(answer.status));
    side.innerHTML = await answer.text();
    grid.querySelectorAll("a.c[aria-current]").forEach((c) => c.removeAttribute("aria-current"));
    cell.setAttribute("aria-current", "true");
    history.replaceState(null, "", cell.href);
    if (window.innerWidth < 960) side.scrollIntoView({ behavior: "smooth", block: "start" });
  } catch (error) {
    location.href = cell.href;
  } finally {
    side.removeAttribute("aria-busy");
  }
}

// Where a page says that Z takes back what was just saved, it does, whatever else stands there.
const typing = (target) => target.matches("input:not([type=radio], [type=checkbox]), textarea, select");
document.addEventListener("keydown", (event) => {
  if ((event.key !== "z" && event.key !== "Z") || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  const undo = document.querySelector(".toast button[data-undo]");
  if (undo) { event.preventDefault(); undo.click(); }
});

// Rating: a number key chooses the level of the criterion in focus (or the first without a choice); Enter saves. Where
// nothing came, a letter says why. A question mark shows the keys.
const rate = document.querySelector("form[data-rate]");
if (rate) {
  const crits = [...rate.querySelectorAll("fieldset.crit")];
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (/^[1-9]$/.test(event.key)) {
      const here = event.target.closest("fieldset.crit") || crits.find((c) => !c.querySelector("input:checked")) || crits[0];
      const option = here && here.querySelectorAll("input[type=radio]")[Number(event.key) - 1];
      if (option) { event.preventDefault(); option.checked = true; option.focus(); option.dispatchEvent(new Event("change", { bubbles: true })); }
    } else if (event.key === "Enter" && !event.target.closest("a, button, summary, textarea")) {
      const save = rate.querySelector("button[data-save]");
      if (save) { event.preventDefault(); save.click(); }
    } else if (event.key === "?") {
      const help = document.querySelector("details[data-keys-help]");
      if (help) { event.preventDefault(); help.open = !help.open; }
    } else if (rate.querySelector(`button[data-key="${CSS.escape(event.key.toLowerCase())}"]`)) {
      event.preventDefault();
      rate.querySelector(`button[data-key="${CSS.escape(event.key.toLowerCase())}"]`).click();
    } else if (event.key.toLowerCase() === "s") {
      const skip = document.querySelector("a[data-skip]");
      if (skip) { event.preventDefault(); skip.click(); }
    }
  });
  // A double click must not rate twice; the key in the form makes a second post harmless in any case.
  rate.addEventListener("submit", () => setTimeout(() => rate.querySelectorAll("button").forEach((b) => { b.disabled = true; }), 0));
  // The button that saves names what it saves: on a phone the chosen level may be out of sight. Beside it stands whether any of
  // that is a level that was offered, as long as it is.
  const levels = rate.querySelector("[data-levels]"), offered = rate.querySelector("[data-offered]");
  const asOffered = (crit) => {
    const on = crit.querySelector("input[type=radio]:checked"), none = crit.querySelector("select[name^=status-]");
    return on && !(none && none.value) && on.value === crit.querySelector("input[name^=default-]").value;
  };
  const named = () => {
    if (offered) offered.hidden = !crits.some(asOffered);
    const found = crits.map((crit) => {
      const none = crit.querySelector("select[name^=status-]"), on = crit.querySelector("input[type=radio]:checked");
      if (none && none.value) return none.selectedOptions[0].textContent;
      return on ? on.closest("label").querySelector("em").textContent : "";
    }).filter(Boolean);
    levels.textContent = found.length ? ` ${[...new Set(found)].join(", ")}` : "";
  };
  if (levels) { named(); rate.addEventListener("change", named); }
  keepWords(rate);
  const first = rate.querySelector("input[type=radio]:checked") || rate.querySelector("input[type=radio]");
  if (first) first.focus({ preventScroll: true });
}

// Words that were written and not saved wait in this tab: whoever skips a student, looks elsewhere or takes a save back
// finds them again. They go when the next person signs in here.
function keepWords(form) {
  const fields = [...form.querySelectorAll("input[name^=comment-], input[name^=own-words-], textarea[name=words]")];
  const key = `words ${form.dataset.rate}`;
  const kept = JSON.parse(sessionStorage.getItem(key) || "null");
  if (kept && kept.saved && !("undone" in form.dataset)) sessionStorage.removeItem(key);
  else if (kept) {
    const empty = fields.filter((field) => !field.value && kept.words[field.name]);
    empty.forEach((field) => { field.value = kept.words[field.name]; });
    const said = form.querySelector("[data-draft]");
    if (said) said.hidden = !empty.length;
  }
  const keep = (saved) => {
    const words = Object.fromEntries(fields.filter((field) => field.value).map((field) => [field.name, field.value]));
    if (Object.keys(words).length) sessionStorage.setItem(key, JSON.stringify({ words, saved }));
    else sessionStorage.removeItem(key);
  };
  if (document.querySelector("main .errs")) keep(false);
  form.addEventListener("input", () => keep(false));
  form.addEventListener("submit", () => keep(true));
}
if (document.querySelector("input[autocomplete=username]")) sessionStorage.clear();
