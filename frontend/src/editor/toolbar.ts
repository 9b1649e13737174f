// What the buttons do, and which of them are on.
import { lift, setBlockType, toggleMark, wrapIn } from "@milkdown/kit/prose/commands";
import type { MarkType, Node } from "@milkdown/kit/prose/model";
import { liftListItem, wrapInList } from "@milkdown/kit/prose/schema-list";
import { type Command, type EditorState, NodeSelection } from "@milkdown/kit/prose/state";
import type { EditorView } from "@milkdown/kit/prose/view";
import { ask, type FieldQuestion } from "./dialogs";
import type { About, PictureQuestion } from "./picture";
import type { Shield } from "./shield";

const within = (state: EditorState, name: string): boolean => {
  const { $from } = state.selection;
  const depths = Array.from({ length: $from.depth + 1 }, (_, depth) => depth);
  return depths.some((depth) => $from.node(depth).type.name === name);
};

const marked = (state: EditorState, type: MarkType): boolean => {
  const { from, to, empty, $from } = state.selection;
  return empty ? !!type.isInSet(state.storedMarks ?? $from.marks()) : state.doc.rangeHasMark(from, to, type);
};

const mark = (name: string): Command => (state, dispatch) => toggleMark(state.schema.marks[name]!)(state, dispatch);

const heading: Command = (state, dispatch) =>
  within(state, "heading")
    ? setBlockType(state.schema.nodes.paragraph!)(state, dispatch)
    : setBlockType(state.schema.nodes.heading!, { level: 2 })(state, dispatch);

const list: Command = (state, dispatch) =>
  within(state, "list_item")
    ? liftListItem(state.schema.nodes.list_item!)(state, dispatch)
    : wrapInList(state.schema.nodes.bullet_list!)(state, dispatch);

const quote: Command = (state, dispatch) =>
  within(state, "blockquote") ? lift(state, dispatch) : wrapIn(state.schema.nodes.blockquote!)(state, dispatch);

const COMMANDS: Record<string, Command> = { bold: mark("strong"), italic: mark("emphasis"), heading, list, quote };
const ON: Record<string, (state: EditorState) => boolean> = {
  bold: (state) => marked(state, state.schema.marks.strong!),
  italic: (state) => marked(state, state.schema.marks.emphasis!),
  link: (state) => marked(state, state.schema.marks.link!),
  heading: (state) => within(state, "heading"),
  list: (state) => within(state, "list_item"),
  quote: (state) => within(state, "blockquote"),
};

export function press(view: EditorView, name: string): void {
  COMMANDS[name]?.(view.state, view.dispatch);
  view.focus();
}

export function show(buttons: Iterable<HTMLButtonElement>, state: EditorState): void {
  for (const button of buttons) {
    const on = ON[button.dataset.does ?? ""];
    if (on) button.setAttribute("aria-pressed", String(on(state)));
  }
}

/** The chosen chip is changed; else a new one goes in where the caret is. */
export function askField(view: EditorView, question: FieldQuestion): void {
  const { selection } = view.state;
  const node = selection instanceof NodeSelection ? selection.node : null;
  const chosen = node?.type.name === "merge_field" ? node : null;
  if (chosen && !question.knows(chosen.attrs.value)) return view.focus(); // only the source can say it
  question.ask(chosen?.attrs.value ?? "", (expression) => {
    if (expression) {
      const marks = view.state.selection.$from.marks();
      const chip = view.state.schema.nodes.merge_field!.create({ value: expression }, null, marks);
      view.dispatch(view.state.tr.replaceSelectionWith(chip, false).scrollIntoView());
    }
    view.focus();
  });
}

/** The chosen picture is changed; else a new one goes in where the caret is. */
export function askPicture(view: EditorView, shield: Shield, question: PictureQuestion, about: About): void {
  const { selection } = view.state;
  const type = view.state.schema.nodes.image!;
  const chosen = selection instanceof NodeSelection && selection.node.type === type ? selection.node.attrs : null;
  const given = chosen && { src: chosen.src as string, alt: shield.lift(chosen.alt) };
  question.ask(about, given, (picture) => {
    if (picture) {
      const alt = shield.put(picture.alt) ?? picture.alt;
      const node = type.create({ ...chosen, src: picture.src, alt });
      view.dispatch(view.state.tr.replaceSelectionWith(node, false).scrollIntoView());
    }
    view.focus();
  });
}

/** An empty address takes the link away; with nothing selected the address itself is the text. */
export function askLink(view: EditorView, dialog: HTMLDialogElement): void {
  const input = dialog.querySelector("input")!;
  const type = view.state.schema.marks.link!;
  const { from, to } = around(view.state, type);
  input.value = hrefIn(view.state.doc, from, to, type);
  ask(dialog, (answer) => {
    const href = input.value.trim();
    const change = view.state.tr;
    if (answer === "insert" && from === to && href) {
      change.insert(from, view.state.schema.text(href, [type.create({ href })]));
    } else if (answer === "insert") {
      change.removeMark(from, to, type);
      if (href) change.addMark(from, to, type.create({ href }));
    }
    if (change.docChanged) view.dispatch(change);
    view.focus();
  });
}

/** The selection, or the whole link in which the caret stands. */
function around(state: EditorState, type: MarkType): { from: number; to: number } {
  const { from, to, empty, $from } = state.selection;
  const mark = type.isInSet($from.marks());
  if (!empty || !mark) return { from, to };
  const start = $from.start();
  let [first, last] = [from, from];
  const pieces: { from: number; to: number; linked: boolean }[] = [];
  $from.parent.forEach((node, offset) => {
    pieces.push({ from: start + offset, to: start + offset + node.nodeSize, linked: mark.isInSet(node.marks) });
  });
  for (const piece of [...pieces].reverse()) {
    if (piece.linked && piece.from <= first && piece.to >= first) first = piece.from;
  }
  for (const piece of pieces) {
    if (piece.linked && piece.from <= last && piece.to >= last) last = piece.to;
  }
  return { from: first, to: last };
}

function hrefIn(doc: Node, from: number, to: number, type: MarkType): string {
  let href = "";
  if (from < to) doc.nodesBetween(from, to, (node) => void (href ||= type.isInSet(node.marks)?.attrs.href ?? ""));
  return href;
}
