// First the mathematics, then the sizes, measured while every slide is laid out; then the talk begins.
window.MathJax = {
  tex: { inlineMath: [["$", "$"]], displayMath: [["$$", "$$"]], processEscapes: true },
  svg: { fontCache: "local" },
  startup: { typeset: false },
};

async function begin() {
  await MathJax.startup.promise;
  await MathJax.typesetPromise();
  await Promise.all([...document.images].map((picture) => picture.decode().catch(() => {})));
  // The speaker view has no style that hides the copy for screen readers: take it out of the notes.
  document.querySelectorAll("aside.notes mjx-assistive-mml").forEach((copy) => copy.remove());
  document.querySelectorAll(".slides section:not(:has(section))").forEach(fit);
  document.documentElement.classList.add("fitted");
  await Reveal.initialize({
    plugins: [RevealNotes], width: 1280, height: 720, margin: 0, center: false, display: "flex",
    hash: true, slideNumber: "c/t", transition: "none", controlsTutorial: false,
  });
  document.documentElement.classList.add("ready");
}

// Code as large as its slide has room for; an equation wider than its slide smaller, but never below 20 px.
function fit(slide) {
  slide.querySelectorAll("mjx-container[display]").forEach((equation) => {
    const share = (slide.clientWidth - 96) / equation.querySelector("svg").getBoundingClientRect().width;
    if (share < 1) equation.style.fontSize = Math.max(20, Math.floor(34 * share)) + "px";
  });
  for (const size of [28, 26, 24, 22, 20]) {
    slide.style.setProperty("--code-size", size + "px");
    if (hasRoom(slide)) return;
  }
}

function hasRoom(slide) {
  const wraps = [...slide.querySelectorAll("pre")].some((code) => {
    code.style.whiteSpace = "pre";
    const tooWide = code.scrollWidth > code.clientWidth;
    code.style.whiteSpace = "";
    return tooWide;
  });
  const small = [...slide.querySelectorAll("img")].some((picture) => {
    const box = picture.getBoundingClientRect();
    return Math.min(box.width / picture.naturalWidth, box.height / picture.naturalHeight) < 1;
  });
  const lowest = Math.max(...[...slide.querySelectorAll("pre, p, li, td, img, mjx-container")]
    .filter((part) => !part.closest("aside")).map((part) => part.getBoundingClientRect().bottom));
  return !wraps && !small && lowest <= slide.getBoundingClientRect().bottom - 44;
}
