"use strict";
// Filters findings and paths by the words that are typed; "/" goes to the field, Escape empties it.
const field = document.getElementById("search");
const count = document.getElementById("shown");
const items = Array.from(document.querySelectorAll("[data-text]"));
const groups = Array.from(document.querySelectorAll("details"));
const open = new Map(groups.map((group) => [group, group.open]));

function filter() {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const item of items) {
    const fits = words.every((word) => item.dataset.text.includes(word));
    item.hidden = !fits;
    shown += fits ? 1 : 0;
  }
  for (const group of groups.reverse()) {
    const inside = group.querySelectorAll("[data-text]");
    const any = inside.length === 0 || Array.from(inside).some((item) => !item.hidden);
    group.hidden = !any;
    group.open = words.length ? any : open.get(group);
  }
  groups.reverse();
  count.textContent = words.length ? `${shown} of ${items.length}` : "";
}

field.addEventListener("input", filter);
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== field) {
    event.preventDefault();
    field.focus();
  } else if (event.key === "Escape") {
    field.value = "";
    filter();
    field.blur();
  }
});
