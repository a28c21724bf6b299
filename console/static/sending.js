// Before a form is sent: does anybody hear it, and is whoever sends it still signed in? This is asked where it is in
// doubt (the stream is lost) or where something would be lost that no page can carry over a sign-in (files). Until the
// answer is yes the form stays as it is, and the page says why.

const line = document.getElementById("live");
const offline = document.getElementById("offline");
const out = document.getElementById("signed-out");
const HURRY = 8000;

const say = (notice) => {
  for (const one of [offline, out]) one.hidden = one !== notice;
};

const doubtful = (form) =>
  !navigator.onLine ||
  document.documentElement.dataset.line === "lost" ||
  [...form.querySelectorAll("input[type=file]")].some((field) => field.files.length);

const asked = async () => {
  try {
    const answer = await fetch(line.dataset.session, { cache: "no-store", signal: AbortSignal.timeout(HURRY) });
    if (!answer.ok) return null;
    return { person: answer.headers.get("X-Person") ?? "", token: answer.headers.get("X-Form-Token") ?? "" };
  } catch {
    return null;
  }
};

// Signed in again in another tab: what this page sends belongs to the new session.
const renewed = (token) => {
  for (const field of document.querySelectorAll("input[name=csrf]")) field.value = token;
  document.body.setAttribute("hx-headers:inherited", JSON.stringify({ "X-CSRF-Token": token }));
};

document.addEventListener(
  "submit",
  async (event) => {
    const form = event.target;
    const button = event.submitter;
    // What queues by itself is sent by its own script. A field may be called "method", so the attribute is asked.
    if (form.getAttribute("method") !== "post" || "queues" in form.dataset || "again" in form.dataset) return;
    if (form.dataset.asked) {
      delete form.dataset.asked;
      return;
    }
    if (!doubtful(form)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (form.dataset.asking) return;
    form.dataset.asking = "yes";
    const who = await asked();
    delete form.dataset.asking;
    if (!who) return say(offline);
    if (!who.person) return say(out);
    say(null);
    // Somebody else is signed in by now: the server shows him what was typed, and sends nothing by itself.
    if (who.person === line.dataset.person) renewed(who.token);
    form.dataset.asked = "yes";
    form.requestSubmit(button);
  },
  { capture: true },
);

// A form that stays on its page and was not heard.
document.addEventListener("htmx:error", (event) => {
  if (event.target.closest?.("form")) say(offline);
});
// The line knows it first when a session has ended, and when it goes on in another tab.
let wasOut = false;
document.addEventListener("aftercare:line", async (event) => {
  say(event.detail === "out" ? out : null);
  const back = wasOut && event.detail === "live";
  wasOut = event.detail === "out";
  const who = back ? await asked() : null;
  if (who && who.person === line.dataset.person) renewed(who.token);
});
window.addEventListener("online", () => { if (!offline.hidden) say(null); });
