// The rich editor over a Markdown field: the field stays the truth, is saved as before, and is one button away.
import "prosemirror-view/style/prosemirror.css";
import "@milkdown/kit/prose/gapcursor/style/gapcursor.css";
import "./editor.css";
import { FieldQuestion } from "./editor/dialogs";
import { type About, markdown, PictureQuestion } from "./editor/picture";
import { open, type Rich } from "./editor/rich";
import type { Source, Wishes } from "./editor/source";
import { askField, askLink, askPicture, press, show } from "./editor/toolbar";
import { cleaned, insert } from "./paste";

const token = (): string => document.querySelector<HTMLMetaElement>('meta[name="csrf"]')?.content ?? "";

class Writing {
  private rich: Rich | null = null;
  private plain: Source | null = null;
  private turning = false;
  private readonly tools: HTMLElement;
  private readonly buttons: HTMLButtonElement[];
  private readonly question: FieldQuestion;

  constructor(
    private readonly field: HTMLTextAreaElement,
    private readonly parts: HTMLElement,
    private readonly pictures: PictureQuestion | null,
  ) {
    this.tools = this.part("tools");
    this.buttons = [...this.tools.querySelectorAll<HTMLButtonElement>("[data-does]")];
    this.question = new FieldQuestion(document.querySelector<HTMLDialogElement>("#ask-field")!);
    for (const button of this.buttons) button.addEventListener("click", () => this.pressed(button.dataset.does ?? ""));
    this.parts.querySelector("[data-picture]")?.addEventListener("click", () => this.askPicture());
    this.part("source").addEventListener(
      "click",
      () => void this.turn(() => (this.rich ? this.toSource() : this.toRich())),
    );
    field.addEventListener("restored", () => void this.turn(() => this.restored()));
    for (const label of field.labels) label.addEventListener("click", () => (this.rich ?? this.plain)?.view.focus());
  }

  /** One way or the other: another press while a part of the program is still on its way changes nothing. */
  async turn(way: () => Promise<void>): Promise<void> {
    if (this.turning) return;
    this.turning = true;
    await way().finally(() => {
      this.turning = false;
    });
  }

  async toRich(): Promise<void> {
    this.rich = await open(this.field.value, {
      root: this.part("rich"),
      attributes: { "aria-label": this.part("rich").dataset.label ?? "", lang: this.language, class: "prose" },
      shown: this.question.shown,
      changed: (view, text) => {
        show(this.buttons, view.state);
        if (text) this.write(text());
      },
      chosen: (view) => askField(view, this.question),
      cleaned: (html) => cleaned(html, token()),
    });
    this.part("only-source").hidden = this.rich !== null;
    if (!this.rich) return this.toSource();
    this.plain?.close();
    this.plain = null;
    this.arrange();
  }

  /** The field itself, where the script for more does not come. */
  private async toSource(): Promise<void> {
    const code = this.plain ? null : await import("./editor/source").catch(() => null);
    const asked = this.rich !== null;
    await this.rich?.close();
    this.rich = null;
    if (code) this.plain = this.openPlain(code.open);
    this.arrange();
    if (asked) (this.plain?.view ?? this.field).focus();
  }

  private openPlain(open: (wishes: Wishes) => Source): Source {
    const { id, lang, dir } = this.field;
    const label = this.field.labels[0]!;
    label.id ||= `${id}-label`;
    const hints = [this.field.getAttribute("aria-describedby"), this.part("plain-hint").id].filter(Boolean).join(" ");
    return open({
      root: this.part("plain"),
      text: this.field.value,
      attributes: { "aria-labelledby": label.id, "aria-describedby": hints, lang: lang || this.language, dir },
      nonce: document.querySelector<HTMLElement>("link[nonce]")?.nonce ?? "",
      fields: this.question.offered,
      changed: (text) => this.write(text),
      cleaned: (html) => cleaned(html, token()),
    });
  }

  private async restored(): Promise<void> {
    if (!this.rich) return this.plain?.show(this.field.value);
    await this.rich.close();
    await this.toRich();
  }

  private get language(): string {
    return this.field.lang || document.documentElement.lang;
  }

  private part(name: string): HTMLElement {
    return this.parts.querySelector<HTMLElement>(`[data-${name}]`)!;
  }

  private arrange(): void {
    const [rich, plain] = [this.rich !== null, this.plain !== null];
    this.parts.hidden = false;
    this.part("rich").hidden = !rich;
    this.tools.hidden = !rich;
    this.part("plain").hidden = !plain;
    this.part("plain-hint").hidden = !plain;
    this.field.hidden = rich || plain;
    const hint = document.getElementById(this.field.getAttribute("aria-describedby") ?? "");
    if (hint) hint.hidden = rich; // it explains the signs of Markdown
    this.part("source").setAttribute("aria-pressed", String(!rich));
  }

  /** The newsletter of a new article is chosen in its form. */
  private get about(): About {
    const asked = this.field.form?.elements.namedItem("campaign") as HTMLInputElement | null;
    const campaign = this.parts.dataset.campaign || asked?.value || "";
    return { campaign, lang: this.language, dir: this.field.dir };
  }

  private askPicture(): void {
    if (!this.pictures) return;
    if (this.rich) return askPicture(this.rich.view, this.rich.shield, this.pictures, this.about);
    this.pictures.ask(this.about, null, (picture) => {
      if (picture && this.plain) this.plain.insert(markdown(picture));
      else if (picture) insert(this.field, markdown(picture));
      (this.plain?.view ?? this.field).focus();
    });
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
}

const question = document.querySelector<HTMLDialogElement>("#ask-picture");
const pictures = question && new PictureQuestion(question, token);
for (const field of document.querySelectorAll<HTMLTextAreaElement>("textarea[data-markdown]")) {
  const parts = document.querySelector<HTMLElement>(`[data-editor-of="${field.id}"]`);
  if (!parts) continue;
  const writing = new Writing(field, parts, pictures);
  void writing.turn(() => writing.toRich());
}
