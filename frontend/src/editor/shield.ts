// Template expressions kept away from Markdown: each becomes one character of the private use area, as on the server.
const FIRST = 0xe000;
const LAST = 0xf8ff;
export const EXPRESSION = /\{\{(?:(?!\{\{|\}\}).)*\}\}|\{%.*?%\}|\{#.*?#\}/g;
const SHIELDED = /[\uE000-\uF8FF]/;
const EVERY = /[\uE000-\uF8FF]/g;

export const expressions = (text: string): RegExpMatchArray[] => [...text.matchAll(EXPRESSION)];

export class Shield {
  private readonly kept: string[] = [];

  /** null: the text holds characters that we need ourselves, or more expressions than there are characters. */
  put(text: string): string | null {
    if (SHIELDED.test(text)) return null;
    const shielded = text.replace(EXPRESSION, (found) => this.character(found));
    return this.kept.length > LAST - FIRST + 1 ? null : shielded;
  }

  lift(text: string): string {
    return text.replace(EVERY, (character) => this.kept[character.charCodeAt(0) - FIRST] ?? character);
  }

  /** The text in pieces; expressions stand alone. */
  pieces(text: string): { text: string; expression: boolean }[] {
    return text
      .split(/([\uE000-\uF8FF])/)
      .filter(Boolean)
      .map((piece) => ({ text: this.lift(piece), expression: SHIELDED.test(piece) }));
  }

  private character(expression: string): string {
    const index = this.kept.indexOf(expression);
    return String.fromCharCode(FIRST + (index >= 0 ? index : this.kept.push(expression) - 1));
  }
}
