// What makes the customer's pages nicer where scripts run; every page works without.

// Without a connection nothing is sent, so that the browser does not leave the page with what was typed on it.
const offline = document.getElementById("offline");
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || !offline || navigator.onLine || event.target.method !== "post") return;
  event.preventDefault();
  event.stopPropagation();
  offline.hidden = false;
  offline.scrollIntoView({ block: "nearest" });
}, true);
window.addEventListener("online", () => { if (offline) offline.hidden = true; });

// A form that was sent is not sent again by a second press.
for (const button of document.querySelectorAll("button[data-once]")) {
  button.form?.addEventListener("submit", (event) => {
    if (button.dataset.pressed) event.preventDefault();
    button.dataset.pressed = "yes";
    button.setAttribute("aria-busy", "true");
  });
}
addEventListener("pageshow", (event) => {
  // Back from the next page: the buttons work again.
  if (!event.persisted) return;
  for (const button of document.querySelectorAll("button[data-pressed]")) {
    delete button.dataset.pressed;
    button.removeAttribute("aria-busy");
  }
});

// An address is copied with one press, where the browser lets a page do that.
for (const button of document.querySelectorAll("button[data-copy]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
    button.parentElement.querySelector("[role=status]").textContent = button.dataset.copied;
  });
}

// Large photos are made smaller before they travel. What cannot be read here (HEIC on most) goes as it is.
const LONGEST = 2400;
const LARGE = 1_500_000;

async function smaller(file) {
  if (file.size < LARGE || !file.type.startsWith("image/")) return file;
  try {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, LONGEST / Math.max(picture.width, picture.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(picture.width * scale);
    canvas.height = Math.round(picture.height * scale);
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.88));
    if (!blob || blob.size >= file.size) return file;
    return new File([blob], file.name.replace(/\.\w+$/, "") + ".jpg", { type: "image/jpeg" });
  } catch {
    return file;
  }
}

for (const input of document.querySelectorAll("input[data-shrink]")) {
  input.addEventListener("change", async () => {
    const made = new DataTransfer();
    for (const file of input.files) made.items.add(await smaller(file));
    input.files = made.files;
  });
}
