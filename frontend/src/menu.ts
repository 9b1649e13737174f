// The menu of a phone: a button opens the side navigation; Escape closes it.
export function startMenu(): void {
  const button = document.querySelector<HTMLButtonElement>(".menu-button");
  const side = document.querySelector<HTMLElement>(".side");
  if (!button || !side) return;
  const show = (open: boolean): void => {
    side.classList.toggle("open", open);
    button.setAttribute("aria-expanded", String(open));
  };
  button.addEventListener("click", () => show(!side.classList.contains("open")));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && side.classList.contains("open")) {
      show(false);
      button.focus();
    }
  });
}
