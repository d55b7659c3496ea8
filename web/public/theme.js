// Runs before the first paint, so that a dark screen never flashes white. Mirrors src/ui/theme.ts.
(function () {
  var stored = null;
  try {
    stored = localStorage.getItem("stillroom.theme");
  } catch (_) {
    // Storage may be forbidden; the system's theme is then the answer.
  }
  var dark = stored === "dark" || (stored !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();
