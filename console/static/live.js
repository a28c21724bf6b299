// What somebody else changed is shown within a second, and nothing that is being typed is touched.
//
// The stream says which case was written. A part of a page that follows it (data-follows, a case number or "*") is
// asked for again and laid over what is there, so that focus, open folds and drafts stay.

const line = document.getElementById("live");
const state = document.getElementById("live-state");
const SOON = 250;
const STALE_AFTER = 10000;
const POLL = 30000;
// What is only looked at now and then, such as the numbers of the rail, is asked for later, and not by all at once.
const UNHURRIED = 3000;
// Somebody counts as writing for half a minute after a key; he says so more often.
const WRITING = 31000;
const TELL_EVERY = 12000;
let lost = null;
let bar = null;
let polling = null;
const waiting = new Map();
const renewed = new Set();

const refresh = (part) => {
  if (waiting.has(part.id)) return;
  waiting.set(
    part.id,
    setTimeout(async () => {
      waiting.delete(part.id);
      if (!part.isConnected) return;
      const address = part.dataset.from ?? window.location.pathname + window.location.search;
      renewed.add(part.id);
      await window.htmx.ajax("GET", address, { target: `#${part.id}`, swap: "outerMorph" });
      renewed.delete(part.id);
      document.dispatchEvent(new CustomEvent("aftercare:refreshed", { detail: { id: part.id } }));
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

const signedOut = () => {
  bar?.remove();
  bar = said(line.dataset.out, line.dataset.signIn, line.dataset.again);
};

const refreshAll = () => document.querySelectorAll("[data-follows]").forEach(refresh);

// Who else is at this case: asked for anew when somebody comes, goes or writes, and once more when writing is over.
let later = null;
const others = () => {
  const part = document.getElementById("others");
  if (!part) return;
  refresh(part);
  clearTimeout(later);
  later = setTimeout(() => refresh(part), WRITING);
};

const live = () => {
  others();
  lost = null;
  clearInterval(polling);
  polling = null;
  if (state) {
    state.dataset.state = "live";
    state.textContent = line.dataset.live;
  }
  if (bar) {
    bar.remove();
    bar = null;
    refreshAll();
  }
};

const said = (words, address, link) => {
  const made = document.createElement("div");
  made.className = "stale-bar";
  made.setAttribute("role", "status");
  const there = document.createElement("a");
  there.href = address;
  there.textContent = link;
  made.append(words, " ", there);
  document.querySelector("header.top")?.after(made);
  return made;
};

const dead = () => {
  lost = lost ?? new Date();
  const since = lost;
  setTimeout(() => {
    if (lost !== since || bar || document.hidden) return;
    if (state) {
      state.dataset.state = "lost";
      state.textContent = "";
    }
    const time = since.toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
    bar = said(line.dataset.stale.replace("{time}", time), window.location.href, line.dataset.reload);
    polling = setInterval(refreshAll, POLL);
  }, Math.max(0, STALE_AFTER - (Date.now() - since)));
};

if (line) {
  line.addEventListener("changed", (event) => {
    const caseNo = event.detail.data;
    for (const part of document.querySelectorAll("[data-follows]")) {
      if (part.dataset.follows === "*" || part.dataset.follows === caseNo) refresh(part);
    }
  });
  line.addEventListener("anew", refreshAll);
  line.addEventListener("others", others);
  const at = document.querySelector("[data-case]")?.dataset.case;
  let told = 0;
  if (at) document.addEventListener("input", (event) => {
    if (!event.target.closest?.("form[method=post]") || Date.now() - told < TELL_EVERY) return;
    told = Date.now();
    const csrf = document.querySelector("input[name=csrf]")?.value ?? "";
    fetch(document.getElementById("others").dataset.from.replace(/others$/, "writing"), { method: "POST", headers: { "X-CSRF-Token": csrf } }).catch(() => {});
  });
  line.addEventListener("htmx:sse:after:connection", live);
  for (const name of ["htmx:sse:error", "htmx:sse:close", "htmx:error"]) line.addEventListener(name, dead);
  line.addEventListener("htmx:sse:before:connection", (event) => {
    if (event.detail?.connection?.attempt > 0) dead();
  });
  window.addEventListener("offline", dead);
}
