function render() {
  const name = () => document.querySelectorAll(".noUi-handle:not([aria-label])").forEach(handle => {
    const label = handle.closest(".widget-inline-hbox")?.querySelector(".widget-label")?.textContent;
    if (label) handle.setAttribute("aria-label", label);
  });
  const watch = new MutationObserver(name);
  watch.observe(document.body, {childList: true, subtree: true});
  name();
  return () => watch.disconnect();
}
export default { render };
