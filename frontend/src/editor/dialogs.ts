// The two small questions of the editor: which merge field, and where a link leads.
const SIMPLE = /^\{\{\s*([\w.]+)\s*(?:\|\s*default\(\s*("(?:[^"\\]|\\.)*")\s*\))?\s*\}\}$/;

export interface Field {
  path: string;
  fallback: string;
}

/** A field of the list, as people call it. */
export interface Offered {
  path: string;
  label: string;
}

/** What a merge field asks for; null where it says more than the question can. */
export function read(expression: string): Field | null {
  const found = SIMPLE.exec(expression);
  if (!found) return null;
  try {
    return { path: found[1]!, fallback: found[2] ? (JSON.parse(found[2]) as string) : "" };
  } catch {
    return null;
  }
}

export function write({ path, fallback }: Field): string {
  return `{{ ${path} | default(${JSON.stringify(fallback.replace(/[{}]/g, ""))}) }}`;
}

/**
 * Opens a dialog and calls `done` with its answer: the value of the button that closed it, "" for Escape. The button
 * answers at once, for `close` comes a task later: what is typed or clicked by then would land before the answer.
 */
export function ask(dialog: HTMLDialogElement, done: (answer: string) => void): void {
  const asking = new AbortController();
  const answer = (value: string): void => {
    if (asking.signal.aborted) return;
    asking.abort();
    done(value);
  };
  const submitted = (event: SubmitEvent): void => {
    if ((event.target as HTMLFormElement).method !== "dialog") return; // a question may have forms of its own
    event.preventDefault();
    const button = event.submitter as HTMLButtonElement | null;
    dialog.close(button?.value ?? "");
    answer(dialog.returnValue);
  };
  dialog.returnValue = "";
  dialog.addEventListener("submit", submitted, asking);
  dialog.addEventListener("close", () => answer(dialog.returnValue), asking);
  dialog.showModal();
}

export class FieldQuestion {
  private readonly field: HTMLSelectElement;
  private readonly fallback: HTMLInputElement;

  constructor(private readonly dialog: HTMLDialogElement) {
    this.field = dialog.querySelector("select")!;
    this.fallback = dialog.querySelector("input")!;
  }

  /** The label of a field; what is no field of the list is shown as it stands. */
  shown = (expression: string): string => {
    const path = read(expression)?.path;
    const option = [...this.field.options].find((each) => each.value === path);
    return option?.text ?? expression.replace(/^\{[{%#]\s*|\s*[}%#]\}$/g, "");
  };

  get offered(): Offered[] {
    return [...this.field.options].map((each) => ({ path: each.value, label: each.text }));
  }

  knows(expression: string): boolean {
    const path = read(expression)?.path;
    return [...this.field.options].some((each) => each.value === path);
  }

  ask(given: string, done: (expression: string | null) => void): void {
    const now = read(given);
    if (now) this.field.value = now.path;
    this.fallback.value = now?.fallback ?? "";
    ask(this.dialog, (answer) =>
      done(answer === "insert" ? write({ path: this.field.value, fallback: this.fallback.value }) : null),
    );
  }
}
