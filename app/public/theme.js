// Runs before anything is painted: the theme, and which skeleton fits the page.
(function () {
  var root = document.documentElement;
  var key = "dialler.theme";
  var kept = null;
  try {
    kept = localStorage.getItem(key);
  } catch (e) {
    // Storage may be closed to us; the system's choice holds then.
  }
  var dark = kept ? kept === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  function show() {
    root.dataset.theme = dark ? "dialler-dark" : "dialler";
  }
  show();
  root.dataset.page = location.pathname === "/sign-in" ? "sign-in" : "inside";
  addEventListener("click", function (event) {
    if (!(event.target instanceof Element) || !event.target.closest("[data-theme-toggle]")) return;
    dark = !dark;
    show();
    try {
      localStorage.setItem(key, dark ? "dark" : "light");
    } catch (e) {
      // As above: the choice holds until the page is left.
    }
  });
})();
