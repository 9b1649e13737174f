// Merge fields offered while the source is written: after {{, or where the caret stands when asked with Ctrl-Space.
import type { Completion, CompletionContext, CompletionResult } from "@codemirror/autocomplete";
import type { EditorView } from "@codemirror/view";
import { type Offered, write } from "./dialogs";

const BEGUN = /\{\{[ \t]*[^{}|\n]*/;
const CLOSED = /^[\w.]*[ \t]*\}\}/;
const GOES_ON = /^[\w.]*(?=[ \t]*\|(?:(?!\{\{).)*\}\})/;

export const offering =
  (fields: Offered[]) =>
  (context: CompletionContext): CompletionResult | null => {
    const begun = context.matchBefore(BEGUN);
    if (!begun && !context.explicit) return null;
    const asked = plain(begun?.text.replace(/^\{\{/, "").trim() ?? "");
    const found = fields.filter((field) => plain(`${field.label} ${field.path}`).includes(asked));
    const options = found.map((field) => option(field, begun !== null));
    return options.length > 0 ? { from: begun?.from ?? context.pos, options, filter: false } : null;
  };

function option({ path, label }: Offered, begun: boolean): Completion {
  return {
    label: path,
    displayLabel: label,
    detail: path,
    apply: (view, _, from, to) => put(view, path, from, to, begun),
  };
}

/** A whole field with the caret where its fallback goes; of one that has filters already, only the name. */
function put(view: EditorView, path: string, from: number, to: number, begun: boolean): void {
  const line = view.state.doc.lineAt(to);
  const rest = begun ? line.text.slice(to - line.from) : "";
  const filtered = GOES_ON.exec(rest);
  const insert = filtered ? `{{ ${path}` : write({ path, fallback: "" });
  const caret = filtered ? insert.length : insert.indexOf('""') + 1;
  const taken = (filtered ?? CLOSED.exec(rest))?.[0].length ?? 0;
  view.dispatch({
    changes: { from, to: to + taken, insert },
    selection: { anchor: from + caret },
    scrollIntoView: true,
    userEvent: "input.complete",
  });
}

/** Without case and accents: who types « prenom » means « Prénom ». */
const plain = (text: string): string => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
