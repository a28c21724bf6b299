// What somebody else changed is shown within a second, and nothing that is being typed is touched.
//
// The stream says which case was written. A part of a page that follows it (data-follows, a case number or "*") is
// asked for again and laid over what is there, so that focus, open folds and drafts stay.

const line = document.getElementById("live");
const state = document.getElementById("live-state");
const bar = document.getElementById("stale");
const SOON = 250;
const STALE_AFTER = 10000;
const POLL = 30000;
// What is only looked at now and then, such as the numbers of the rail, is asked for later, and not by all at once.
const UNHURRIED = 3000;
// A page that nobody changes grows old all the same: days turn, working hours end.
const OLD_AFTER = 300000;
// The server draws breath every 15 seconds; a line without breath is dead, though nobody hung up.
const BREATHLESS = 40000;
// Somebody counts as writing for half a minute after a key; he says so more often.
const WRITING = 31000;
const TELL_EVERY = 12000;
let lost = null;
let out = false;
let polling = null;
let heard = Date.now();
let fresh = Date.now();
const waiting = new Map();
const renewed = new Set();

const say = (words) => document.dispatchEvent(new CustomEvent("aftercare:say", { detail: { words, seen: false } }));

// ── a part is laid over itself ──────────────────────────────────────────────

const rows = (part) => [...part.querySelectorAll("[data-row], .timeline li[id]")];

// Where the focus is, should what has it go: its row by number, else its section.
const place = (part) => {
  const at = document.activeElement;
  if (!at || !part.contains(at)) return () => {};
  const number = rows(part).findIndex((row) => row.contains(at));
  const section = at.closest("section[id], [data-follows]")?.id;
  return () => {
    if (document.activeElement && document.activeElement !== document.body) return;
    const all = rows(part);
    const next = number >= 0 ? all[Math.min(number, all.length - 1)]?.querySelector("a, button, input") : null;
    const found = next ?? document.getElementById(section);
    if (!next) found?.setAttribute("tabindex", "-1");
    found?.focus({ preventScroll: true });
  };
};

const layOver = async (part) => {
  const before = new Set(rows(part).map((row) => row.id));
  const back = place(part);
  renewed.add(part.id);
  try {
    const address = part.dataset.from ?? window.location.pathname + window.location.search;
    await window.htmx.ajax("GET", address, { target: `#${part.id}`, swap: "outerMorph" });
  } finally {
    renewed.delete(part.id);
  }
  back();
  const now = document.getElementById(part.id);
  if (now?.dataset.title) document.title = now.dataset.title;
  const count = now ? rows(now).filter((row) => row.id && !before.has(row.id)).length : 0;
  if (count && now.dataset.news) say(now.dataset.news.replace("{count}", count));
  document.dispatchEvent(new CustomEvent("aftercare:refreshed", { detail: { id: part.id } }));
};

const refresh = (part) => {
  if (waiting.has(part.id)) return;
  waiting.set(
    part.id,
    setTimeout(() => {
      waiting.delete(part.id);
      if (part.isConnected) layOver(part).catch(() => {}); // not heard: the line says so
    }, "unhurried" in part.dataset ? UNHURRIED * (0.5 + Math.random()) : SOON),
  );
};

// What is asked for by itself and refused leaves the page as it is: somebody may be typing in it.
document.addEventListener("htmx:response:error", (event) => {
  const ctx = event.detail.ctx;
  if (!renewed.has(ctx.target?.id)) return;
  ctx.swap = "none";
  if (ctx.response.status === 403) signedOut();
});

const refreshAll = () => {
  fresh = Date.now();
  document.querySelectorAll("[data-follows]").forEach(refresh);
};

// ── who else is here ────────────────────────────────────────────────────────

// Who else is at this case: asked for anew when somebody comes, goes or writes, and once more when writing is over.
let later = null;
const others = () => {
  const part = document.getElementById("others");
  if (!part) return;
  refresh(part);
  clearTimeout(later);
  later = setTimeout(() => refresh(part), WRITING);
};
document.addEventListener("aftercare:refreshed", (event) => {
  if (event.detail.id !== "others") return;
  const words = document.getElementById("others").textContent.trim().replace(/\s+/g, " ");
  if (words) say(words);
});

// ── the line ────────────────────────────────────────────────────────────────

const tell = (name) => {
  document.documentElement.dataset.line = name === "live" ? "live" : "lost";
  document.dispatchEvent(new CustomEvent("aftercare:line", { detail: name }));
};

const live = () => {
  const again = !bar.hidden || out; // what was missed in a short while the line tells by its numbers
  heard = Date.now();
  lost = null;
  out = false;
  clearInterval(polling);
  polling = null;
  state.dataset.state = "live";
  state.textContent = line.dataset.live;
  bar.hidden = true;
  tell("live");
  others();
  if (again) refreshAll();
};

const signedOut = () => {
  out = true;
  lost = null;
  clearInterval(polling);
  bar.hidden = true;
  state.dataset.state = "lost";
  state.textContent = "";
  tell("out");
};

const hung = () => {
  lost = lost ?? new Date();
  document.documentElement.dataset.line = "lost";
  const since = lost;
  setTimeout(() => {
    if (lost !== since || !bar.hidden || document.hidden) return;
    state.dataset.state = "lost";
    state.textContent = "";
    const time = since.toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
    bar.hidden = false;
    bar.querySelector("span").textContent = line.dataset.stale.replace("{time}", time);
    clearInterval(polling);
    polling = setInterval(refreshAll, POLL);
  }, Math.max(0, STALE_AFTER - (Date.now() - since)));
};
const dead = (event) => {
  const status = event?.detail?.status ?? event?.detail?.ctx?.response?.status;
  if (status === 403) signedOut();
  else if (!out) hung();
};

// Hang up what is dead, so that it is called anew; and wait no longer for the next try.
const hangUp = () => {
  const sse = line._htmx?.sse;
  if (!sse) window.htmx.ajax("GET", line.dataset.stream, { source: line }).catch(() => {});
  else if (sse.reader) sse.reader.cancel();
  else sse.delayCanceller?.();
};
const isLost = () => lost !== null || out;

if (line) {
  line.addEventListener("changed", (event) => {
    const caseNo = event.detail.data;
    for (const part of document.querySelectorAll("[data-follows]")) {
      if (part.dataset.follows === "*" || part.dataset.follows === caseNo) refresh(part);
    }
  });
  line.addEventListener("anew", refreshAll);
  line.addEventListener("others", others);
  line.addEventListener("htmx:sse:after:connection", live);
  line.addEventListener("htmx:sse:after:message", () => { heard = Date.now(); });
  for (const name of ["htmx:sse:error", "htmx:sse:close", "htmx:error", "htmx:response:error"]) line.addEventListener(name, dead);
  line.addEventListener("htmx:sse:before:connection", (event) => {
    if (event.detail?.connection?.attempt > 0) dead();
  });
  window.addEventListener("offline", dead);
  window.addEventListener("online", hangUp);
  document.addEventListener("visibilitychange", () => { if (!document.hidden && isLost()) hangUp(); });
  setInterval(() => {
    if (document.hidden) heard = Date.now(); // the line rests
    else if (isLost()) line._htmx?.sse || hangUp(); // it never came about
    else if (Date.now() - heard > BREATHLESS) {
      hung();
      hangUp();
    } else if (Date.now() - fresh > OLD_AFTER) refreshAll();
  }, 5000);

  const at = document.querySelector("[data-case]")?.dataset.case;
  let told = 0;
  if (at) document.addEventListener("input", (event) => {
    if (!event.target.closest?.("form[method=post]") || Date.now() - told < TELL_EVERY) return;
    told = Date.now();
    const csrf = document.querySelector("input[name=csrf]")?.value ?? "";
    fetch(document.getElementById("others").dataset.from.replace(/others$/, "writing"), { method: "POST", headers: { "X-CSRF-Token": csrf } }).catch(() => {});
  });
  // Scripts come in any order of time: the stream begins when htmx, what it streams with and this one are all there.
  document.addEventListener("DOMContentLoaded", () => setTimeout(() => {
    line.setAttribute("hx-sse:connect", line.dataset.stream);
    window.htmx.process(line);
  }));
}
