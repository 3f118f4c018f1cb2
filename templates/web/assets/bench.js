// The bench: keys that follow links, and a page that draws itself anew when a template is saved.
"use strict";

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select, textarea");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "r") { location.reload(); return; }
  const link = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (link) { event.preventDefault(); link.click(); }
});

const bench = document.querySelector("[data-bench]");

async function watch() {
  const seen = bench.dataset.version;
  for (;;) {
    try {
      const answer = await fetch(`/dev/preview/changes?seen=${encodeURIComponent(seen)}`);
      if (answer.ok && (await answer.text()) !== seen) {
        // What is chosen stands in the address; where one has scrolled to, the browser keeps.
        location.reload();
        return;
      }
      if (!answer.ok) await pause();
    } catch {
      await pause();  // The server is being started again.
    }
  }
}

function pause() { return new Promise((done) => setTimeout(done, 1000)); }

const verdict = document.querySelector("[data-verdict]");

// Lint takes longer than the mail: it is asked when the frames have been drawn.
addEventListener("load", () => {
  if (!verdict) return;
  fetch(verdict.dataset.verdict)
    .then((answer) => (answer.ok ? answer.text() : "lint"))
    .then((words) => { verdict.textContent = words; })
    .catch(() => {});
});

if (bench) watch();
