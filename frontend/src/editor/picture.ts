// The question which picture a text shows: one of the workspace or an upload, and what it says to who does not see it.
import { ask } from "./dialogs";
import { EXPRESSION } from "./shield";

export interface Picture {
  src: string;
  alt: string;
}

/** Whose text it is, and in which language it is written. */
export interface About {
  campaign: string;
  lang: string;
  dir: string;
}

const MARKS = new RegExp(`${EXPRESSION.source}|[\\\\[\\]*_\`<&]`, "g");

/** As a text says it; merge fields in the alternative text stay as they are. */
export function markdown({ src, alt }: Picture): string {
  const words = alt.replace(MARKS, (found) => (found.length > 1 ? found : `\\${found}`));
  const place = /[\s()<>]/.test(src) ? `<${src.replace(/[<>]/g, "\\$&")}>` : src;
  return `![${words}](${place})`;
}

export class PictureQuestion {
  private readonly shots: HTMLElement;
  private readonly alt: HTMLTextAreaElement;
  private readonly asked: HTMLInputElement;
  private about: About = { campaign: "", lang: "", dir: "" };
  private chosen = "";
  private offered = ""; // the alternative text that nobody typed

  constructor(
    private readonly dialog: HTMLDialogElement,
    private readonly token: () => string,
  ) {
    this.shots = dialog.querySelector<HTMLElement>("[data-shots]")!;
    this.alt = dialog.querySelector("textarea")!;
    this.asked = dialog.querySelector<HTMLInputElement>("[type=search]")!;
    const upload = dialog.querySelector<HTMLFormElement>("[data-upload]")!;
    this.shots.addEventListener("change", (event) => this.choose(event.target as HTMLInputElement));
    this.shots.addEventListener("click", (event) => {
      const more = (event.target as HTMLElement).closest<HTMLButtonElement>("[data-more] button");
      if (more) void this.more(more);
    });
    dialog.querySelector("[data-seek]")!.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.seek();
    });
    upload.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.upload(upload);
    });
  }

  /** `given`: the picture that stands there now. */
  ask(about: About, given: Picture | null, done: (picture: Picture | null) => void): void {
    this.about = { ...about }; // each question has its own, by which late answers are known
    this.chosen = given?.src ?? "";
    this.offered = "";
    this.asked.value = "";
    this.alt.value = given?.alt ?? "";
    this.alt.lang = about.lang;
    this.alt.dir = about.dir || "auto";
    this.alt.form!.noValidate = given !== null; // it need not be among those that are shown
    this.say("");
    void this.seek();
    ask(this.dialog, (answer) => {
      const alt = this.alt.value.replace(/\s+/g, " ").trim();
      done(answer === "insert" && this.chosen ? { src: this.chosen, alt } : null);
    });
  }

  private choose({ value, dataset }: HTMLInputElement): void {
    const known = (JSON.parse(dataset.alts ?? "{}") as Record<string, string>)[this.about.lang] ?? "";
    if (this.alt.value === this.offered) this.alt.value = known;
    this.offered = known;
    this.chosen = value;
  }

  private async seek(): Promise<void> {
    const asked = this.asked.value;
    const about = this.about;
    const found = await this.found({ asked });
    if (found && about === this.about && asked === this.asked.value) this.shots.replaceChildren(...this.shown(found));
  }

  private async more(button: HTMLButtonElement): Promise<void> {
    const found = await this.found({ asked: this.asked.value, start: button.value });
    if (!found || !button.isConnected) return;
    const shown = this.shown(found);
    button.closest("li")!.replaceWith(...shown);
    shown[0]?.querySelector("input")?.focus();
  }

  private async upload(form: HTMLFormElement): Promise<void> {
    this.say("");
    const headers = { "X-CSRF": this.token() };
    const about = this.about;
    const answer = await fetch(this.address, { method: "POST", body: new FormData(form), headers }).catch(() => null);
    if (about !== this.about) return; // another text asks by now
    if (!answer?.ok || answer.redirected) return this.say(form.dataset.failed ?? "");
    const shown = this.shown(await answer.text());
    const input = shown[0]?.querySelector("input");
    if (!input) return this.say(shown[0]?.textContent ?? "");
    this.shots.prepend(...shown);
    form.reset();
    input.checked = true;
    this.choose(input);
    this.shots.scrollTo({ top: 0 });
    this.alt.focus();
  }

  private async found(asked: Record<string, string>): Promise<string | null> {
    const answer = await fetch(`${this.address}?${new URLSearchParams(asked)}`).catch(() => null);
    return answer?.ok && !answer.redirected ? answer.text() : null;
  }

  /** The items of the list; what is said of them goes where it is read out. */
  private shown(html: string): HTMLElement[] {
    const items = [...new DOMParser().parseFromString(html, "text/html").querySelectorAll<HTMLElement>("li")];
    const said = items.find((each) => each.dataset.said !== undefined);
    if (said) this.dialog.querySelector("[data-found]")!.textContent = said.textContent;
    return items.filter((item) => {
      const input = item.querySelector("input");
      if (input) input.checked = input.value === this.chosen;
      return item !== said;
    });
  }

  private say(sentence: string): void {
    this.dialog.querySelector("[data-wrong]")!.textContent = sentence;
  }

  private get address(): string {
    return `/pictures/${encodeURIComponent(this.about.campaign)}`;
  }
}
