// Search without a server: a fact is shown when its text has every word of the query.
"use strict";

function matches(text, query) {
  return query.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

function start() {
  const query = document.getElementById("query");
  const facts = [...document.querySelectorAll(".fact")];
  const groups = [...document.querySelectorAll(".topic, .service")];

  function show() {
    for (const fact of facts) fact.hidden = !matches(fact.dataset.text, query.value);
    for (const group of groups) group.hidden = !group.querySelector(".fact:not([hidden])");
    const shown = facts.filter((fact) => !fact.hidden).length;
    document.getElementById("count").textContent = `${shown} of ${facts.length}`;
    document.getElementById("none").hidden = shown > 0;
  }

  function move(by) {
    const shown = facts.filter((fact) => !fact.hidden).map((fact) => fact.querySelector("summary"));
    const at = shown.indexOf(document.activeElement) + by;
    if (at < 0) query.focus();
    else shown[Math.min(at, shown.length - 1)]?.focus();
  }

  function openNamed() {
    const named = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!named) return;
    if (named.hidden) { query.value = ""; show(); }
    if (named.tagName === "DETAILS") named.open = true;
    named.scrollIntoView();
  }

  query.addEventListener("input", show);
  addEventListener("hashchange", openNamed);
  addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== query) query.focus();
    else if (event.key === "ArrowDown") move(1);
    else if (event.key === "ArrowUp") move(-1);
    else if (event.key === "Escape") { query.value = ""; show(); query.focus(); }
    else if (event.key === "Enter" && document.activeElement === query) move(1);
    else return;
    event.preventDefault();
  });
  query.value = new URLSearchParams(location.search).get("q") ?? "";
  show();
  openNamed();
}

if (typeof document !== "undefined") start();
if (typeof module !== "undefined") module.exports = { matches };
