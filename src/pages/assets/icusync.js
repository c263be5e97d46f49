// Every page works without this file. It adds a copy button to what is meant to be copied, moves the focus to the
// list of mistakes in a form, offers the browser's own time zone where one is asked for, ticks a preset's boxes without a
// round trip, and ticks what a tool includes together with it.
"use strict";

for (const button of document.querySelectorAll("button[data-copy]")) {
  const source = document.getElementById(button.dataset.copy);
  if (!source || !navigator.clipboard) continue;
  const label = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(source.textContent.trim());
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not copied: select the text";
    }
    setTimeout(() => { button.textContent = label; }, 2500);
  });
}

document.querySelector("[data-focus]")?.focus();

const zones = document.querySelector("select[data-guess-zone]");
if (zones && !zones.value) {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if ([...zones.options].some((option) => option.value === own)) zones.value = own;
}

for (const button of document.querySelectorAll("button[data-ticks]")) {
  const ticked = new Set(button.dataset.ticks.split(" "));
  button.addEventListener("click", (event) => {
    event.preventDefault();
    for (const box of button.form.querySelectorAll("input[type=checkbox]")) box.checked = ticked.has(box.id);
    const status = button.form.querySelector("[data-ticked]");
    if (status) status.textContent = `${button.textContent.trim()}: ${ticked.size} tools are ticked.`;
  });
}

for (const box of document.querySelectorAll("input[data-with]")) {
  const included = document.getElementById(box.dataset.with);
  if (!included) continue;
  box.addEventListener("change", () => { if (box.checked) included.checked = true; });
  included.addEventListener("change", () => { if (!included.checked) box.checked = false; });
}
