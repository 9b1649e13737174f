// How the source looks: the studio's own tokens, so that light and dark follow the page.
import { HighlightStyle } from "@codemirror/language";
import { type Extension, Prec, RangeSetBuilder } from "@codemirror/state";
import {
  Decoration,
  type DecorationSet,
  Direction,
  EditorView,
  MatchDecorator,
  ViewPlugin,
  type ViewUpdate,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { EXPRESSION } from "./shield";

export const colours = HighlightStyle.define([
  { tag: tags.heading, fontWeight: "700" },
  { tag: tags.strong, fontWeight: "700" },
  { tag: tags.emphasis, fontStyle: "italic" },
  { tag: tags.strikethrough, textDecoration: "line-through" },
  { tag: [tags.link, tags.url], color: "var(--accent)" },
  { tag: tags.quote, color: "var(--muted)" },
  { tag: [tags.monospace, tags.comment], color: "var(--muted)" },
  { tag: [tags.processingInstruction, tags.contentSeparator, tags.labelName], color: "var(--muted)" },
]);

export const look: Extension = EditorView.theme({
  "&": {
    backgroundColor: "var(--surface)",
    color: "var(--text)",
    border: "1px solid var(--field)",
    borderRadius: "var(--r2)",
    fontSize: "0.9375rem",
  },
  "&.cm-focused": { outline: "3px solid var(--accent)", outlineOffset: "2px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.5" },
  ".cm-content": { minHeight: "18rem", padding: "var(--s2) 0", caretColor: "var(--text)", overflowWrap: "anywhere" },
  ".cm-line": { padding: "0 var(--s3)" },
  ".cm-merge-field": { color: "var(--running)", backgroundColor: "var(--running-back)", borderRadius: "var(--r1)" },
  ".cm-specialChar": { color: "var(--danger)" },
  ".cm-tooltip": {
    backgroundColor: "var(--surface)",
    color: "var(--text)",
    border: "1px solid var(--line)",
    borderRadius: "var(--r2)",
    overflow: "hidden",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--font)", maxHeight: "16rem" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "var(--s1) var(--s3)", lineHeight: "1.5" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--accent)", color: "var(--on-accent)" },
  ".cm-completionDetail": { fontFamily: "var(--mono)", fontStyle: "normal", fontSize: "var(--small)" },
});

const expression = new MatchDecorator({
  regexp: EXPRESSION,
  decoration: Decoration.mark({
    class: "cm-merge-field",
    attributes: { dir: "ltr" },
    bidiIsolate: Direction.LTR,
  }),
});

/** Merge fields stand out, and in Arabic too they run from left to right, for the caret as for the eye. */
export const expressionMarks: Extension = ViewPlugin.fromClass(
  class {
    marks: DecorationSet;

    constructor(view: EditorView) {
      this.marks = expression.createDeco(view);
    }

    update(update: ViewUpdate): void {
      this.marks = expression.updateDeco(update, this.marks);
    }
  },
  {
    provide: (plugin) => {
      const marks = (view: EditorView): DecorationSet => view.plugin(plugin)?.marks ?? Decoration.none;
      return Prec.lowest([EditorView.decorations.of(marks), EditorView.bidiIsolatedRanges.of(marks)]);
    },
  },
);

const AUTO = Decoration.line({ attributes: { dir: "auto" } });

/** Where the language is not known yet, each line runs in the direction of its own text. */
export const lineDirections: Extension = [
  EditorView.perLineTextDirection.of(true),
  EditorView.decorations.of((view) => {
    const lines = new RangeSetBuilder<Decoration>();
    for (const { from, to } of view.visibleRanges) {
      for (let at = from; at <= to; at = view.state.doc.lineAt(at).to + 1) {
        const start = view.state.doc.lineAt(at).from;
        lines.add(start, start, AUTO);
      }
    }
    return lines.finish();
  }),
];
