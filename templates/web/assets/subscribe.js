// Makes the form lively; without this file every step works by its buttons.
(function () {
  "use strict";
  var form = document.getElementById("subscribe");
  if (!form || !window.fetch || !window.URLSearchParams) return;
  var outlook = document.getElementById("outlook");
  var search = document.getElementById("q");
  var shelf = document.getElementById("all-topics");
  var waiting = null, asked = null;

  document.getElementById("show-outlook").hidden = true;
  search.parentElement.querySelector("button").hidden = true;

  try {
    if (!form.elements.timezone.value) {
      form.elements.timezone.value = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
    }
  } catch (error) { /* the newsletter's own timezone will do */ }

  function look() {
    // Neither the address nor the search leaves the page before the form is sent.
    var words = new URLSearchParams();
    new FormData(form).forEach(function (value, name) {
      if (["tag", "match", "expression", "cadence", "newsletter", "timezone"].indexOf(name) >= 0) words.append(name, value);
    });
    if (asked) asked.abort();
    asked = new AbortController();
    fetch("/subscribe/outlook", { method: "POST", body: words, signal: asked.signal })
      .then(function (answer) { return answer.ok ? answer.text() : Promise.reject(answer.status); })
      .then(function (piece) { outlook.innerHTML = piece; })
      .catch(function () { /* the button below still works */ });
  }

  function folded(text) {
    return text.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "");
  }

  function find() {
    var wanted = folded(search.value);
    shelf.querySelectorAll("li").forEach(function (item) {
      item.hidden = wanted !== "" && item.dataset.names.indexOf(wanted) < 0 && !item.querySelector(":checked");
    });
    shelf.querySelectorAll("details").forEach(function (branch) {
      branch.hidden = wanted !== "" && !branch.querySelector("li:not([hidden])");
      branch.open = wanted !== "" && !branch.hidden;
    });
    if (wanted !== "") shelf.open = true;
  }

  function matching() {
    var count = form.querySelectorAll("[name=tag]:checked").length;
    document.getElementById("matching").hidden = count < 2;
  }

  form.addEventListener("change", function (event) {
    if (event.target.name === "tag") matching();
    if (event.target.name !== "email") look();
  });
  form.elements.expression.addEventListener("input", function () {
    clearTimeout(waiting);
    waiting = setTimeout(look, 150);
  });
  search.addEventListener("input", find);
  search.addEventListener("keydown", function (event) {
    if (event.key === "Enter") event.preventDefault();
  });
  matching();
})();
