// Times that are told by how far they are ("in 2 hrs 15 mins", "overdue by 3 mins") are told anew while a page is open,
// as console/language.py tells them; and the end of a case's turn is said when it comes near.

const MINUTE = 60_000;
const OFTEN = 15_000;
const NEAR = [60, 15, 5];
const words = JSON.parse(document.documentElement.dataset.clock ?? "null");
// By the server's clock, however wrong this machine's is.
const ahead = words ? Date.parse(words.now) - Date.now() : 0;
const SIZES = [[86_400, "day"], [3600, "hour"], [60, "minute"], [1, "second"]];

const unit = (count, name) => words.units[name][count === 1 ? 0 : 1].replace("{0}", count.toLocaleString(document.documentElement.lang));

// A length in its two largest units; seconds beside hours tell nobody anything.
const length = (seconds) => {
  const parts = [];
  let left = seconds;
  for (const [size, name] of SIZES) {
    const count = Math.floor(left / size);
    left %= size;
    if (count) parts.push([size, unit(count, name)]);
  }
  const first = parts.length ? parts[0][0] : 1;
  const told = parts.filter(([size]) => size * 1440 >= first && !(size === 1 && first > 60)).slice(0, 2);
  return told.length ? told.map(([, text]) => text).join(" ") : unit(0, "minute");
};

const tell = (time) => {
  const seconds = Math.round((Date.parse(time.dateTime) - Date.now() - ahead) / 1000);
  if (Math.abs(seconds) < 60) return words.soon;
  const late = time.dataset.far === "due" ? words.late : words.ago;
  return (seconds > 0 ? words.in : late).replace("{time}", length(Math.abs(seconds)));
};

const said = new Map();
const warn = (time) => {
  const minutes = (Date.parse(time.dateTime) - Date.now() - ahead) / MINUTE;
  const mark = NEAR.filter((one) => minutes <= one && minutes > 0).at(-1);
  const before = said.get(time.dateTime);
  said.set(time.dateTime, mark ?? Infinity);
  if (before === undefined || mark === undefined || mark >= before) return;
  const told = time.dataset.announce.replace("{time}", length(Math.round(minutes) * 60));
  document.dispatchEvent(new CustomEvent("aftercare:say", { detail: { words: told, seen: true } }));
};

const renew = () => {
  for (const time of document.querySelectorAll("time[data-far]")) {
    const told = tell(time);
    if (time.textContent !== told) time.textContent = told;
  }
  document.querySelectorAll("time[data-announce]").forEach(warn);
};

if (words) {
  document.querySelectorAll("time[data-announce]").forEach(warn);
  setInterval(renew, OFTEN);
}
