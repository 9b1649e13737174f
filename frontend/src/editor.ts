// The rich editor over a Markdown field: the field stays the truth, is saved as before, and is one button away.
import "prosemirror-view/style/prosemirror.css";
import "@milkdown/kit/prose/gapcursor/style/gapcursor.css";
import "./editor.css";
import { FieldQuestion } from "./editor/dialogs";
import { open, type Rich } from "./editor/rich";
import { askField, askLink, press, show } from "./editor/toolbar";
import { cleaned } from "./paste";

const token = (): string => document.querySelector<HTMLMetaElement>('meta[name="csrf"]')?.content ?? "";

class Writing {
  private rich: Rich | null = null;
  private readonly place: HTMLElement;
  private readonly tools: HTMLElement;
  private readonly buttons: HTMLButtonElement[];
  private readonly question: FieldQuestion;

  constructor(
    private readonly field: HTMLTextAreaElement,
    private readonly parts: HTMLElement,
  ) {
    this.place = parts.querySelector<HTMLElement>("[data-rich]")!;
    this.tools = parts.querySelector<HTMLElement>("[data-tools]")!;
    this.buttons = [...this.tools.querySelectorAll<HTMLButtonElement>("[data-does]")];
    this.question = new FieldQuestion(document.querySelector<HTMLDialogElement>("#ask-field")!);
    for (const button of this.buttons) button.addEventListener("click", () => this.pressed(button.dataset.does ?? ""));
    this.source.addEventListener("click", () => void (this.rich ? this.toSource() : this.toRich()));
    field.addEventListener("restored", () => void this.rich?.close().then(() => this.toRich()));
    for (const label of field.labels) label.addEventListener("click", () => this.rich?.view.focus());
  }

  async toRich(): Promise<void> {
    this.rich = await open(this.field.value, {
      root: this.place,
      attributes: this.attributes(),
      shown: this.question.shown,
      changed: (view, text) => {
        show(this.buttons, view.state);
        if (text) this.write(text());
      },
      chosen: (view) => askField(view, this.question),
      cleaned: (html) => cleaned(html, token()),
    });
    this.arrange();
    this.parts.querySelector<HTMLElement>("[data-only-source]")!.hidden = this.rich !== null;
  }

  private get source(): HTMLButtonElement {
    return this.parts.querySelector<HTMLButtonElement>("[data-source]")!;
  }

  private async toSource(): Promise<void> {
    const rich = this.rich;
    this.rich = null;
    await rich?.close();
    this.arrange();
    this.field.focus();
  }

  private arrange(): void {
    const rich = this.rich !== null;
    this.parts.hidden = false;
    this.place.hidden = !rich;
    this.tools.hidden = !rich;
    this.field.hidden = rich;
    const hint = document.getElementById(this.field.getAttribute("aria-describedby") ?? "");
    if (hint) hint.hidden = rich; // it explains the signs of Markdown
    this.source.setAttribute("aria-pressed", String(!rich));
  }

  private write(text: string): void {
    if (text === this.field.value) return;
    this.field.value = text;
    this.field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  private pressed(name: string): void {
    const view = this.rich?.view;
    if (!view) return;
    if (name === "field") askField(view, this.question);
    else if (name === "link") askLink(view, document.querySelector<HTMLDialogElement>("#ask-link")!);
    else press(view, name);
  }

  private attributes(): Record<string, string> {
    const label = this.place.dataset.label ?? "";
    return { "aria-label": label, lang: this.field.lang || document.documentElement.lang, class: "prose" };
  }
}

for (const field of document.querySelectorAll<HTMLTextAreaElement>("textarea[data-markdown]")) {
  const parts = document.querySelector<HTMLElement>(`[data-editor-of="${field.id}"]`);
  if (parts) void new Writing(field, parts).toRich();
}
