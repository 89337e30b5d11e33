// Makes pages better that work without it: copy buttons, and moments in the reader's own time zone.
"use strict";

for (const button of document.querySelectorAll("button[data-copy]")) {
  const target = document.getElementById(button.dataset.copy);
  if (!target || !navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(target.textContent);
    button.textContent = button.dataset.copied;
    button.setAttribute("aria-live", "polite");
  });
}

// One menu at a time; Escape and a click beside it close it.
const menus = document.querySelectorAll("details.menu");
addEventListener("click", (event) => {
  for (const menu of menus) if (!menu.contains(event.target)) menu.open = false;
});
addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of menus) {
    if (!menu.open) continue;
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

const format = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
for (const time of document.querySelectorAll("time[datetime]")) {
  time.title = format.format(new Date(time.dateTime)) + " (" + Intl.DateTimeFormat().resolvedOptions().timeZone + ")";
}
