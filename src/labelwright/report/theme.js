"use strict";
// Light, dark, or as the system says; the choice is kept where the browser allows it.
(() => {
  const button = document.getElementById("theme");
  const root = document.documentElement;
  const choices = ["", "light", "dark"];
  const words = { "": "auto", light: "light", dark: "dark" };
  const show = (choice) => {
    if (choice) root.dataset.theme = choice;
    else delete root.dataset.theme;
    button.querySelector("span").textContent = words[choice];
  };
  let choice = "";
  try { choice = localStorage.getItem("labelwright-theme") || ""; } catch { /* not allowed: start as the system */ }
  if (!choices.includes(choice)) choice = "";
  show(choice);
  button.hidden = false;
  button.addEventListener("click", () => {
    choice = choices[(choices.indexOf(choice) + 1) % choices.length];
    show(choice);
    try { localStorage.setItem("labelwright-theme", choice); } catch { /* kept for this visit only */ }
  });
})();
