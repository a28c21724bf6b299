// What every page has: dialogs, confirmations, buttons that are pressed once, and one place where things are said.

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) {
    event.preventDefault();
    document.getElementById(opener.dataset.opens)?.showModal?.();
  }
});

// One tick for all rows of a table.
document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-picks-all]")) return;
  for (const box of event.target.closest("table").querySelectorAll("td.pick input")) box.checked = event.target.checked;
});

// A confirmation where it is asked for; without scripts the server asks.
document.addEventListener("click", (event) => {
  const asking = event.target.closest("[data-confirm]");
  if (asking && !window.confirm(asking.dataset.confirm)) event.preventDefault();
});

// A form is sent once, however often its button is pressed.
document.addEventListener("submit", (event) => {
  const form = event.target;
  // Of a form that is answered by a file the page stays, and may be sent again.
  if (form.getAttribute("method") === "dialog" || event.defaultPrevented || "file" in form.dataset) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  for (const button of form.querySelectorAll("button:not([type=button])")) button.setAttribute("aria-busy", "true");
});
// What takes long is said, so that nobody presses again or thinks it lost.
const SLOW = 4000;
document.addEventListener("submit", (event) => {
  const words = document.getElementById("live")?.dataset.slow;
  setTimeout(() => {
    if (!event.target.isConnected || !event.target.dataset.sent || !words) return;
    document.dispatchEvent(new CustomEvent("aftercare:say", { detail: { words, seen: true, stays: true } }));
  }, SLOW);
});
const again = (form) => {
  delete form.dataset.sent;
  for (const button of form.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
};
// Back in the browser, or an answer that stays on the page: the form can be sent again. What a page asks for by itself
// meanwhile is no answer to a form.
window.addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach(again));
document.addEventListener("htmx:finally:request", (event) => {
  const form = event.target.closest?.("form[data-sent]");
  if (form) again(form);
});

// Menus close when something else is pressed, or when the focus goes on.
const shut = (but) => {
  for (const menu of document.querySelectorAll("details.drop[open]")) {
    if (!menu.contains(but)) menu.open = false;
  }
};
document.addEventListener("click", (event) => shut(event.target));
document.addEventListener("focusin", (event) => shut(event.target));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.drop[open]")) {
    menu.open = false;
    menu.querySelector("summary")?.focus();
  }
});

// The one place where a page says something by itself: politely, and seen only where somebody waits for it.
const said = document.getElementById("said");
let silence = null;
document.addEventListener("aftercare:say", (event) => {
  clearTimeout(silence);
  said.classList.toggle("unseen", !event.detail.seen);
  said.textContent = event.detail.words;
  if (!event.detail.stays) silence = setTimeout(() => { said.textContent = ""; }, 6000);
});
