// The station: the field has the focus, scans are sent one after the other and kept while the connection is lost,
// and every answer has a sound. Without scripts the form is an ordinary form.

const KEPT = "aftercare-unsent-scans";
const SILENT = "aftercare-silent";
const station = document.getElementById("station");
const form = document.getElementById("scan");
const field = form.elements.code;
const unsent = document.getElementById("unsent");
const sound = document.getElementById("sound");

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

// ── sending ─────────────────────────────────────────────────────────────────
const kept = () => JSON.parse(localStorage.getItem(KEPT) ?? "[]");
const keep = (scans) => {
  localStorage.setItem(KEPT, JSON.stringify(scans));
  unsent.hidden = scans.length === 0 || !lost;
  unsent.textContent = `${scans.length} ${station.dataset.waiting} ${scans.map((one) => new URLSearchParams(one).get("code")).filter(Boolean).join(", ")}`;
};
const fresh = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (one) => one.toString(16).padStart(2, "0")).join("");
let lost = false;
let sending = false;

const show = (found) => {
  document.getElementById("result").replaceWith(found);
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
        location.reload(); // signed out: the scan is sent after the next sign-in
        return;
      }
      lost = false;
      keep(kept().slice(1));
      show(found);
    } catch {
      if (!lost) play("bad");
      lost = true;
      keep(kept());
      break;
    }
  }
  sending = false;
};
window.addEventListener("online", send);
setInterval(() => kept().length && send(), 4000);

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
  keep([...kept(), new URLSearchParams(scan).toString()]);
  if (given === form) next();
  back();
  send();
}, { capture: true });

play(document.getElementById("result").dataset.sound);
if (kept().length) send();
