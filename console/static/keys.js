// The keyboard. Single keys do nothing while somebody types or composes, nor when they are switched off in the account;
// none of them moves money: they open, and what they open is sent by its own button.

const on = () => document.documentElement.dataset.keys === "on";
const typing = (target) => target.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
let going = 0;

// The rows of a list: those that lead somewhere or can be chosen.
const ROWS = "main [data-row], main table.dense tbody tr:has(a, input[type=checkbox])";
const rows = () => [...document.querySelectorAll(ROWS)].filter((row) => row.offsetParent !== null);
// Where somebody is: where the focus is, else where he was before the list changed under him.
let was = -1;
const here = (all) => {
  const found = all.findIndex((row) => row.contains(document.activeElement));
  return found >= 0 ? found : Math.min(was, all.length - 1);
};

const mark = (row) => {
  document.querySelectorAll("tr.at").forEach((one) => one.classList.remove("at"));
  row.classList.add("at");
};

const move = (step) => {
  const all = rows();
  if (!all.length) return;
  was = Math.min(all.length - 1, Math.max(0, here(all) + step));
  const next = all[was];
  mark(next);
  (next.querySelector("a") ?? next.querySelector("input[type=checkbox]"))?.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
};
// A list that was laid over anew has forgotten where somebody is.
document.addEventListener("aftercare:refreshed", () => {
  const row = document.activeElement?.closest(ROWS);
  if (row && was >= 0) mark(row);
});

// Choose the row, or (with shift) all rows from the one that was chosen last.
let chosen = -1;
const choose = (upTo) => {
  const all = rows();
  const now = here(all);
  const box = (row) => row?.querySelector("input[type=checkbox]:not(:disabled)");
  const wanted = box(all[now]);
  if (!wanted) return;
  const [first, last] = upTo && chosen >= 0 ? [Math.min(chosen, now), Math.max(chosen, now)] : [now, now];
  const on = first === last ? !wanted.checked : true;
  for (const row of all.slice(first, last + 1)) {
    if (box(row) && box(row).checked !== on) box(row).click();
  }
  chosen = now;
};

const say = (words) => document.dispatchEvent(new CustomEvent("aftercare:say", { detail: { words, seen: true } }));

// The number of the case; again at once: with what it is about; once more: its address.
let copies = 0;
let copiedAt = 0;
const copy = async () => {
  const source = document.querySelector("[data-copy]");
  if (!source) return;
  copies = Date.now() - copiedAt < 2000 ? (copies + 1) % 3 : 0;
  copiedAt = Date.now();
  const number = source.dataset.copy;
  const text = [number, `${number} ${source.dataset.copyTitle ?? ""}`.trim(), window.location.origin + window.location.pathname][copies];
  if (await put(text)) say(`${source.dataset.copied} ${text}`);
};

// Without https a browser gives no clipboard; the old way works everywhere.
const put = async (text) => {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const back = document.activeElement;
    const field = document.createElement("textarea");
    field.value = text;
    field.className = "unseen";
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    back?.focus?.({ preventScroll: true });
    return done;
  }
};

const open = (key) => {
  const fold = document.querySelector(`details[data-key="${key}"]`);
  if (!fold) return false;
  fold.open = true;
  fold.querySelector("textarea, input:not([type=hidden])")?.focus();
  return true;
};

// The form of the first of these actions that the case allows now; it is sent by its own button.
const act = (...actions) => {
  for (const action of actions) {
    const link = document.querySelector(`#next a[data-action="${action}"]`);
    if (link) {
      window.htmx?.process(link); // a key may be quicker than what makes links fetch their form into the page
      link.click();
      return true;
    }
  }
  return false;
};

const search = () => {
  const field = document.querySelector("main input[type=search]") ?? document.querySelector("[data-search]");
  field?.focus();
  field?.select();
};

const follow = (key) => {
  const link = document.querySelector(`a[data-key="${key}"]`);
  link?.click();
  return Boolean(link);
};

const single = {
  j: () => move(1),
  k: () => move(-1),
  o: () => rows()[here(rows())]?.querySelector("a")?.click(),
  x: () => choose(false),
  X: () => choose(true),
  n: () => follow("n"),
  b: () => (follow("b") ? null : window.history.back()),
  r: () => open("r"),
  i: () => open("i"),
  a: () => act("approve", "authorise_return"),
  d: () => act("deny", "reject"),
  m: () => act("request_evidence"),
  t: () => act("assign"),
  z: () => act("snooze"),
  e: () => act("escalate"),
  ".": copy,
  "/": search,
  "?": () => document.getElementById("keys-help")?.showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.keyCode === 229) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    const form = event.target.closest?.("form");
    const button = form?.querySelector("[data-key-submit]");
    if (button) {
      event.preventDefault();
      form.requestSubmit(button);
    }
    return;
  }
  if (event.key === "Escape" && typing(event.target) && event.target.closest("details[data-key]")) {
    event.target.closest("details").querySelector("summary").focus();
    return;
  }
  if (!on() || event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]")) return;
  if (going && Date.now() - going < 1500) {
    going = 0;
    const link = [...document.querySelectorAll("[data-go]")].find((one) => one.dataset.go === event.key);
    if (link) {
      event.preventDefault();
      link.click();
    }
    return;
  }
  if (event.key === "g") {
    going = Date.now();
    return;
  }
  const done = single[event.key];
  if (done) {
    event.preventDefault();
    done();
  }
});

// Forms that were fetched into a page: the focus goes where the work is. Other parts that are laid over take it from nobody.
const fetched = new WeakSet();
document.addEventListener("htmx:before:swap", (event) => {
  const ctx = event.detail.ctx;
  if (ctx?.target?.closest?.("#act")) fetched.add(ctx);
});
document.addEventListener("htmx:after:swap", (event) => {
  if (!fetched.has(event.detail.ctx)) return;
  const all = document.querySelectorAll("#act .error-list, #act input:not([type=hidden]), #act select, #act textarea, #act button");
  const found = [...all].find((one) => one.checkVisibility() && !one.disabled);
  found?.focus();
  found?.scrollIntoView({ block: "nearest" });
});

// Off and on from the list of keys itself, without leaving the page.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!("keysSwitch" in form.dataset)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const answer = await fetch(form.getAttribute("action"), { method: "POST", body: new FormData(form) }).catch(() => null);
  if (!answer?.ok) return;
  const now = form.elements.keys.value;
  document.documentElement.dataset.keys = now || "off";
  form.elements.keys.value = now ? "" : "on";
  const button = form.querySelector("button");
  button.textContent = now ? button.dataset.off : button.dataset.on;
  say(now ? button.dataset.isOn : button.dataset.isOff);
}, { capture: true });
