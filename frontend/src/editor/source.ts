// The source of a text, with colours and merge fields on offer: CodeMirror, a chunk that only who asks for it loads.
import { autocompletion, completionKeymap } from "@codemirror/autocomplete";
import { history, historyKeymap, standardKeymap } from "@codemirror/commands";
import { markdownKeymap, markdownLanguage } from "@codemirror/lang-markdown";
import { LanguageSupport, syntaxHighlighting } from "@codemirror/language";
import { Annotation, EditorState, type Extension } from "@codemirror/state";
import { EditorView, highlightSpecialChars, keymap } from "@codemirror/view";
import { offering } from "./completion";
import type { Offered } from "./dialogs";
import { colours, expressionMarks, lineDirections, look } from "./look";

export interface Wishes {
  root: HTMLElement;
  text: string;
  /** Of the field: its name, hint, language and direction. */
  attributes: Record<string, string>;
  nonce: string;
  fields: Offered[];
  changed: (text: string) => void;
  cleaned: (html: string) => Promise<string | null>;
}

export interface Source {
  view: EditorView;
  /** Another text in its place, of which nobody need be told. */
  show: (text: string) => void;
  /** Where the caret is, or instead of what is selected. */
  insert: (text: string) => void;
  close: () => void;
}

const SHOWN = Annotation.define<boolean>();

export function open(wishes: Wishes): Source {
  const view = new EditorView({
    parent: wishes.root,
    state: EditorState.create({ doc: wishes.text, extensions: [...editing(wishes), ...appearance(wishes)] }),
  });
  const show = (text: string): void =>
    view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text }, annotations: SHOWN.of(true) });
  const insert = (text: string): void =>
    view.dispatch(view.state.replaceSelection(text), { userEvent: "input", scrollIntoView: true });
  return { view, show, insert, close: () => view.destroy() };
}

// No key map of these binds Tab, so it leaves the editor as it leaves any field.
function editing({ fields, changed, cleaned }: Wishes): Extension[] {
  return [
    new LanguageSupport(markdownLanguage), // markdown() would bring the parsers of HTML, CSS and JavaScript along
    history(),
    autocompletion({ override: [offering(fields)], icons: false }),
    keymap.of([...completionKeymap, ...markdownKeymap, ...standardKeymap, ...historyKeymap]),
    EditorView.updateListener.of((update) => {
      const told = update.docChanged && !update.transactions.some((each) => each.annotation(SHOWN));
      if (told) changed(update.state.doc.toString());
    }),
    EditorView.domEventHandlers({ paste: (event, view) => paste(event, view, cleaned), beforeinput: replace }),
  ];
}

function appearance({ attributes, nonce }: Wishes): Extension[] {
  const { dir = "auto", ...others } = attributes;
  return [
    EditorView.cspNonce.of(nonce),
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({ ...others, spellcheck: "true", ...(dir === "auto" ? {} : { dir }) }),
    dir === "auto" ? lineDirections : [],
    highlightSpecialChars(),
    syntaxHighlighting(colours),
    expressionMarks,
    look,
  ];
}

/** HTML comes in as Markdown, as everywhere; plain text is CodeMirror's own business. */
function paste(event: ClipboardEvent, view: EditorView, cleaned: Wishes["cleaned"]): boolean {
  const html = event.clipboardData?.getData("text/html") ?? "";
  const plain = event.clipboardData?.getData("text/plain") ?? "";
  if (!html) return false;
  void cleaned(html).then((markdown) =>
    view.dispatch(view.state.replaceSelection(markdown ?? plain), { userEvent: "input.paste", scrollIntoView: true }),
  );
  return true;
}

/**
 * Chromium would carry the colours of a replaced selection over as an inline style, which the policy refuses. What is
 * replaced is asked of the page: the editor may not have taken the selection over yet.
 */
function replace(event: InputEvent, view: EditorView): boolean {
  const selection = document.getSelection();
  const range = selection?.rangeCount ? selection.getRangeAt(0) : null;
  if (event.inputType !== "insertText" || !event.data || !range || range.collapsed) return false;
  const from = view.posAtDOM(range.startContainer, range.startOffset);
  const to = view.posAtDOM(range.endContainer, range.endOffset);
  view.dispatch({
    changes: { from, to, insert: event.data },
    selection: { anchor: from + event.data.length },
    userEvent: "input.type",
    scrollIntoView: true,
  });
  return true;
}
