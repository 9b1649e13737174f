// `/` goes to the search, unless somebody is typing or has turned single-letter keys off.
export function startSearch(): void {
  const field = document.querySelector<HTMLInputElement>("#search");
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || !field) return;
    if (typing(event.target) || document.documentElement.dataset.keys === "off") return;
    event.preventDefault();
    field.focus();
    field.select();
  });
}

export function typing(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}
