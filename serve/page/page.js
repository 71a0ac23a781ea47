// Light and dark, one question at a time, files dropped or pasted anywhere, and texts saved by the browser.
(() => {
  const asked = new URLSearchParams(location.search).get("__theme");
  let saved = null;
  try { saved = localStorage.getItem("facewise-theme"); } catch { /* storage may be shut */ }
  const wantsDark = () => (asked || saved || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const set = (dark) => { document.body.classList.toggle("dark", dark); document.documentElement.style.colorScheme = dark ? "dark" : "light"; };
  document.documentElement.lang = "en";
  document.addEventListener("DOMContentLoaded", () => set(wantsDark()));
  document.addEventListener("click", (event) => {
    if (!event.target.closest("#theme")) return;
    const dark = !document.body.classList.contains("dark");
    set(dark);
    try { localStorage.setItem("facewise-theme", dark ? "dark" : "light"); } catch { /* storage may be shut */ }
  });

  // While an answer is written (its Ask button is away) no question joins a queue that Stop would not empty
  const holdBack = (event) => {
    const asks = event.type === "click" ? event.target.closest("#prompts button") : event.key === "Enter" && !event.shiftKey && event.target.closest("#question");
    if (asks && !document.querySelector("#ask")?.offsetParent) { event.preventDefault(); event.stopImmediatePropagation(); }
  };
  for (const kind of ["click", "keydown", "keypress"]) document.addEventListener(kind, holdBack, true);

  const hand = (files) => {
    const input = document.querySelector("#drop input[type=file]");
    if (!input || !files.length) return false;
    const carried = new DataTransfer();
    for (const file of files) carried.items.add(file);
    input.files = carried.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    return true;
  };
  const chatIsOpen = () => !!document.querySelector("#talk")?.offsetParent;
  document.addEventListener("paste", (event) => {
    if (chatIsOpen() && event.clipboardData?.files.length && hand(event.clipboardData.files)) event.preventDefault();
  });
  document.addEventListener("dragover", (event) => { event.preventDefault(); document.body.classList.add("dragging"); });
  for (const ends of ["dragleave", "drop"]) document.addEventListener(ends, () => document.body.classList.remove("dragging"));
  document.addEventListener("drop", (event) => {
    if (event.target.closest("#drop, #many, #report-file")) return;
    event.preventDefault();
    if (chatIsOpen()) hand(event.dataTransfer?.files || []);
  });

  // The evidence is drawn anew with every change: a button keeps the keyboard, and what was unfolded stays so
  const drawn = "#strip, #stage, #film, #moves, #numbers", unfolded = new Set();
  let held = null;
  document.addEventListener("pointerdown", () => { held = null; });
  document.addEventListener("focusin", ({ target }) => {
    const part = target.closest(drawn), marks = Object.entries({ ...target.dataset });
    held = part && target.matches("button") ? `#${part.id} button` + marks.map(([name, value]) => `[data-${name}="${CSS.escape(value)}"]`).join("") : null;
  });
  document.addEventListener("toggle", ({ target }) => {
    if (target.dataset?.keep) unfolded[target.open ? "add" : "delete"](target.dataset.keep);
  }, true);
  document.addEventListener("DOMContentLoaded", () => new MutationObserver(() => {
    for (const more of document.querySelectorAll("details[data-keep]:not([open])")) if (unfolded.has(more.dataset.keep)) more.open = true;
    if (held && document.activeElement === document.body) document.querySelector(held)?.focus({ preventScroll: true });
  }).observe(document.body, { childList: true, subtree: true }));

  window.facewiseSave = (told) => {
    const { name, kind, text } = JSON.parse(told);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: kind }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };
})();
