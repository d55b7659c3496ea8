// Draws the diagrams of a page in the colours of its theme.
const dark = document.body.dataset.theme === "dark" || matchMedia("(prefers-color-scheme: dark)").matches;
window.mermaid?.initialize({ startOnLoad: true, theme: dark ? "dark" : "neutral" });
