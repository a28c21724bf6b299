// The keyboard. Single keys do nothing while somebody types or composes, nor when they are switched off in the account;
// none of them moves money: they open, and what they open is sent by its own button.

const on = () => document.documentElement.dataset.keys === "on";
const typing = (target) => target.closest?.("input, textarea, select, [contenteditable]");
let going = 0;

const rows = () => [...document.querySelectorAll("[data-row]")].filter((row) => row.offsetParent !== null);

const move = (step) => {
  const all = rows();
  if (!all.length) return;
  const now = all.findIndex((row) => row.classList.contains("at"));
  const next = all[Math.min(all.length - 1, Math.max(0, now + step))] ?? all[0];
  all.forEach((row) => row.classList.toggle("at", row === next));
  next.querySelector("a")?.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
};

const say = (words) => {
  const place = document.getElementById("said");
  if (!place) return;
  place.textContent = words;
  setTimeout(() => { place.textContent = ""; }, 2500);
};

const copy = async () => {
  const number = document.querySelector("[data-copy]")?.dataset.copy;
  if (!number) return;
  await navigator.clipboard?.writeText(number).catch(() => {});
  say(number);
};

const open = (key) => {
  const fold = document.querySelector(`details[data-key="${key}"]`);
  if (!fold) return false;
  fold.open = true;
  fold.querySelector("textarea, input:not([type=hidden])")?.focus();
  return true;
};

const follow = (key) => {
  const link = document.querySelector(`a[data-key="${key}"]`);
  link?.click();
  return Boolean(link);
};

const single = {
  j: () => move(1),
  k: () => move(-1),
  o: () => document.querySelector("[data-row].at a")?.click(),
  x: () => document.querySelector("[data-row].at input[type=checkbox]")?.click(),
  n: () => follow("n"),
  b: () => (follow("b") ? null : window.history.back()),
  r: () => open("r"),
  i: () => open("i"),
  ".": copy,
  "/": () => document.querySelector("[data-search], input[type=search]")?.focus(),
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

// Forms that were fetched into a page: the focus goes where the work is.
document.addEventListener("htmx:after:swap", () => {
  const found = document.querySelector("#act .error-list, #act input:not([type=hidden]), #act select, #act textarea");
  if (found && !document.activeElement?.closest("#act")) found.focus();
});
