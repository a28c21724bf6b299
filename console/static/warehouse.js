// The station: the field has the focus, scans are sent one after the other and kept while the connection is lost,
// and every answer has a sound. Without scripts the form is an ordinary form.

const KEPT = "aftercare-unsent-scans";
const SILENT = "aftercare-silent";
const station = document.getElementById("station");
const form = document.getElementById("scan");
const field = form.elements.code;
const unsent = document.getElementById("unsent");
const sound = document.getElementById("sound");
const LOG = "aftercare-scanned";
const LOADED = "aftercare-station-loaded";
const SHOWN = 8;
const REMEMBERED = 40;

// ── sounds, made here ───────────────────────────────────────────────────────
// A sound is a row of tones: pitch in hertz, length in seconds. High and short is good, low and long is not.
const SOUNDS = {
  good: [[880, 0.08], [1320, 0.12]],
  again: [[660, 0.08], [660, 0.08]],
  shelf: [[520, 0.12], [390, 0.2]],
  ask: [[700, 0.1], [500, 0.1], [700, 0.1]],
  bad: [[200, 0.45]],
};
let speaker = null;
const play = (name) => {
  if (!sound.checked || !SOUNDS[name]) return;
  try {
    speaker ??= new AudioContext();
    if (speaker.state === "suspended") speaker.resume(); // made before anybody touched the page
    let at = speaker.currentTime;
    for (const [pitch, length] of SOUNDS[name]) {
      const tone = speaker.createOscillator();
      const volume = speaker.createGain();
      tone.frequency.value = pitch;
      tone.type = name === "bad" ? "square" : "sine";
      volume.gain.setValueAtTime(0.25, at);
      volume.gain.exponentialRampToValueAtTime(0.001, at + length);
      tone.connect(volume).connect(speaker.destination);
      tone.start(at);
      tone.stop(at + length);
      at += length + 0.02;
    }
    station.dataset.played = name;
  } catch {
    // A browser without sound has the word and the colour.
  }
};
sound.checked = !localStorage.getItem(SILENT);
sound.addEventListener("change", () => (sound.checked ? localStorage.removeItem(SILENT) : localStorage.setItem(SILENT, "1")));

// ── the focus ───────────────────────────────────────────────────────────────
const back = () => field.focus({ preventScroll: true });
const elsewhere = () => document.activeElement && document.activeElement !== document.body;
// A scanner types wherever the focus is; what it types outside of any field belongs to this one.
document.addEventListener("keydown", (event) => {
  const typing = event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey;
  if (!typing || event.target.closest("input:not([type=checkbox]), textarea, select, dialog")) return;
  event.stopImmediatePropagation(); // here a letter is part of a code, and no shortcut
  back();
}, { capture: true });
document.addEventListener("click", () => setTimeout(() => elsewhere() || back(), 0));
back();

// In another field, and in the search above, a scan would end up among what somebody wrote there. A scanner types faster than any
// hand and ends with Enter: such a run goes where it belongs, and the field has again what it had before.
const QUICK = 35;
const LEAST = 6;
let run = null;
document.addEventListener("keydown", (event) => {
  const other = event.target;
  if (other === field || !other.matches?.("input[type=text], input[type=search], input[type=tel], input:not([type]), textarea")) return;
  const goesOn = run && run.other === other && event.timeStamp - run.at <= QUICK;
  if (event.key === "Enter" && goesOn && run.text.length >= LEAST) {
    event.preventDefault();
    event.stopImmediatePropagation();
    other.value = run.before;
    field.value = run.text;
    run = null;
    form.requestSubmit();
  } else if (event.key.length === 1) {
    run = goesOn ? run : { other, text: "", before: other.value };
    run.text += event.key;
    run.at = event.timeStamp;
  }
}, { capture: true });
const ime = document.getElementById("ime");
field.addEventListener("compositionstart", () => { ime.hidden = false; });
field.addEventListener("keydown", (event) => { if (!event.isComposing && event.keyCode !== 229) ime.hidden = true; });

// ── sending ─────────────────────────────────────────────────────────────────
const kept = () => JSON.parse(localStorage.getItem(KEPT) ?? "[]");
const keep = (scans) => {
  localStorage.setItem(KEPT, JSON.stringify(scans));
  unsent.hidden = scans.length === 0 || !lost;
  unsent.textContent = `${scans.length} ${station.dataset.waiting} ${scans.map((one) => new URLSearchParams(one).get("code")).filter(Boolean).join(", ")}`;
  draw();
};
// ── what was scanned here ───────────────────────────────────────────────────
// One answer follows another, and several at once after the connection was lost; so each stays in a list, and what
// somebody has to do something about stays on top until it is done: nothing has moved for that box.
const log = () => JSON.parse(localStorage.getItem(LOG) ?? "[]");
const isOpen = (row) => ["choose", "wrong"].includes(row.said);
const written = (rows) => {
  const [open, over] = [rows.filter(isOpen), rows.filter((row) => !isOpen(row))];
  localStorage.setItem(LOG, JSON.stringify([...open, ...over].slice(0, Math.max(REMEMBERED, open.length))));
  draw();
};
const told = (scan) => ["code", "waybill", "note"].map((name) => scan.get(name)?.trim()).find(Boolean) ?? "";
const noted = (scan, found) => {
  const id = scan.get("scan_id");
  const { said, word, tone, there } = found.dataset;
  const kind = scan.getAll("case_no").length ? log().find((row) => row.id === id)?.scan : null;
  const row = { id, said, word, tone, there, code: told(scan), at: new Date().toISOString(), why: "" };
  if (isOpen(row)) row.scan = kind ?? scan.toString();
  if (said === "wrong") row.why = found.querySelector(".result-more")?.textContent ?? "";
  written([row, ...log().filter((one) => one.id !== id)]);
};
const rowOf = (row) => {
  const made = document.getElementById("scan-row").content.firstElementChild.cloneNode(true);
  const [word, link] = [made.querySelector(".chip"), made.querySelector("a")];
  word.textContent = row.word;
  word.classList.add(row.tone);
  link.textContent = row.code || "–";
  if (row.there) link.href = row.there;
  made.querySelector(".scan-more-said").textContent = row.why;
  const at = made.querySelector("time");
  at.dateTime = row.at;
  at.textContent = new Date(row.at).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
  made.dataset.id = row.id;
  made.classList.toggle("open", isOpen(row));
  const shown = { look: row.said === "choose", change: row.said === "wrong", settle: isOpen(row) };
  for (const button of made.querySelectorAll("button")) button.hidden = !shown[button.dataset.do];
  return made;
};
const draw = () => {
  const waits = kept().map((text) => new URLSearchParams(text));
  const unsaid = waits.map((scan) => ({ id: "", said: "", word: station.dataset.unsent, tone: "info", code: told(scan), why: "", at: new Date().toISOString() }));
  const rows = log();
  const open = rows.filter(isOpen);
  document.getElementById("scans-list").replaceChildren(...[...open, ...(lost ? unsaid : []), ...rows.filter((row) => !isOpen(row)).slice(0, SHOWN)].map(rowOf));
  document.getElementById("scans").hidden = rows.length === 0 && !(lost && unsaid.length);
  const chip = document.getElementById("scans-open");
  chip.hidden = open.length === 0;
  chip.textContent = `${open.length} ${chip.dataset.words}`;
};
const putBack = (text) => {
  for (const [name, value] of new URLSearchParams(text)) if (form.elements[name] && name !== "scan_id") form.elements[name].value = value;
  const more = form.querySelector(".scan-more");
  more.open = more.open || [...more.querySelectorAll("input, select")].some((one) => one.value);
};
document.getElementById("scans").addEventListener("click", (event) => {
  const button = event.target.closest("button[data-do]");
  if (!button) return;
  const { id } = button.closest("li").dataset;
  const row = log().find((one) => one.id === id);
  if (!row) return draw(); // another window settled it
  if (button.dataset.do === "look") return later(row.scan);
  if (button.dataset.do === "change") putBack(row.scan);
  written(log().filter((one) => one.id !== id));
});
window.addEventListener("storage", () => draw());

const fresh = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (one) => one.toString(16).padStart(2, "0")).join("");
let lost = false;
let sending = false;

// What was begun about the box before stays beside the next answer until it is sent.
const begun = (part) => [...part.querySelectorAll("form.describe input:not([type=hidden])")].some((one) => one.value !== one.defaultValue);
const show = (found) => {
  const before = document.getElementById("result");
  before.replaceWith(found);
  if (begun(before)) {
    before.removeAttribute("id");
    before.removeAttribute("aria-live");
    before.removeAttribute("aria-busy");
    document.getElementById("drafts").prepend(before);
  }
  play(found.dataset.sound);
};

const send = async () => {
  if (sending) return;
  sending = true;
  while (kept().length) {
    const scan = new URLSearchParams(kept()[0]);
    scan.set("csrf", form.elements.csrf.value);
    try {
      const answer = await fetch(form.action, { method: "POST", body: scan, headers: { "HX-Request": "true", Accept: "text/html" } });
      if (answer.status >= 500) throw new Error("away");
      const found = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("result");
      if (!found) {
        if (Date.now() - Number(sessionStorage.getItem(LOADED) ?? 0) < 60000) throw new Error("none of our answers");
        sessionStorage.setItem(LOADED, String(Date.now()));
        location.reload(); // signed out: the scan is sent after the next sign-in
        return;
      }
      lost = false;
      keep(kept().slice(1));
      noted(scan, found);
      show(found);
    } catch {
      if (!lost) play("bad");
      document.getElementById("result").removeAttribute("aria-busy");
      lost = true;
      keep(kept());
      break;
    }
  }
  sending = false;
};
window.addEventListener("online", send);
setInterval(() => kept().length && send(), 4000);

const later = (text) => {
  if (!lost) document.getElementById("result").setAttribute("aria-busy", "true"); // what it says is of the box before
  keep([...kept(), text]);
  back();
  send();
};

const next = () => {
  const [box, of] = [form.elements.box, form.elements.of];
  const more = Number(of.value) > Number(box.value) && Number(box.value) > 0;
  const then = more ? [String(Number(box.value) + 1), of.value] : ["", ""];
  form.reset();
  [box.value, of.value] = then;
  form.elements.code.value = "";
  form.elements.scan_id.value = fresh();
};

document.addEventListener("submit", (event) => {
  const given = event.target;
  if (given !== form && !given.matches("[data-again]")) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const scan = new FormData(given);
  scan.delete("csrf");
  if (given === form && !["code", "waybill", "note"].some((name) => String(scan.get(name)).trim())) {
    back();
    return;
  }
  if (given === form) next();
  later(new URLSearchParams(scan).toString());
}, { capture: true });

play(document.getElementById("result").dataset.sound);
draw();
if (kept().length) send();
