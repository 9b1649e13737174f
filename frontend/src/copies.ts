// A copy of what is typed and not saved yet, in this tab's own storage; the page offers it when it is opened again.
type Texts = Record<string, string>;

const name = (form: HTMLFormElement): string =>
  `typed ${form.action} ${(form.elements.namedItem("language") as HTMLInputElement).value}`;
const fields = (form: HTMLFormElement): (HTMLInputElement | HTMLTextAreaElement)[] => [
  ...form.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>("input:not([type=hidden])[name], textarea[name]"),
];

export function keep(form: HTMLFormElement): void {
  const texts: Texts = Object.fromEntries(fields(form).map((field) => [field.name, field.value]));
  try {
    sessionStorage.setItem(name(form), JSON.stringify(texts));
  } catch {} // storage is full or forbidden: the page itself still has the text
}

export function forget(form: HTMLFormElement): void {
  try {
    sessionStorage.removeItem(name(form));
  } catch {}
}

/** What an earlier page of this tab could not save. Nothing is put in place of what is there without being asked. */
export function offer(form: HTMLFormElement): void {
  const place = form.querySelector<HTMLElement>("[data-copy]");
  const texts = read(form);
  if (!place || !texts || fields(form).every((field) => texts[field.name] === field.value)) {
    forget(form);
    return;
  }
  place.hidden = false;
  place.querySelector("[data-take]")?.addEventListener("click", () => {
    for (const field of fields(form)) {
      field.value = texts[field.name] ?? field.value;
      field.dispatchEvent(new Event("restored"));
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
    place.hidden = true;
  });
  place.querySelector("[data-drop]")?.addEventListener("click", () => {
    forget(form);
    place.hidden = true;
  });
}

function read(form: HTMLFormElement): Texts | null {
  try {
    return JSON.parse(sessionStorage.getItem(name(form)) ?? "null") as Texts | null;
  } catch {
    return null;
  }
}
