// The theme's arrows that unfold a part of the contents have no name: give them one for screen readers.
document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("nav summary").forEach((arrow) => {
    const part = arrow.closest("li")?.querySelector("a")?.textContent.trim();
    arrow.setAttribute("aria-label", `Pages of ${part ?? "this part"}`);
  });
});
