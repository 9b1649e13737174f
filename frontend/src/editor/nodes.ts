// What our texts have beside plain Markdown: merge fields as chips, pictures by name, a direction for each block.
import { imageSchema } from "@milkdown/kit/preset/commonmark";
import type { Node } from "@milkdown/kit/prose/model";
import { Plugin } from "@milkdown/kit/prose/state";
import { Decoration, DecorationSet } from "@milkdown/kit/prose/view";
import { $node, $prose, $remark } from "@milkdown/kit/utils";
import { expressions, type Shield } from "./shield";

interface Mdast {
  type: string;
  value?: string;
  url?: string;
  children?: Mdast[];
}

const VERBATIM = ["html", "code", "inlineCode"];

/** After parsing, expressions come back: as chips in text, as they are in addresses, code and HTML. */
export const lifting = (shield: Shield) =>
  $remark("lifting", () => () => (tree) => {
    const walk = (node: Mdast): Mdast[] => {
      if (node.type === "text") {
        return shield
          .pieces(node.value ?? "")
          .map((piece) => ({ type: piece.expression ? "mergeField" : "text", value: piece.text }));
      }
      if (node.url) node.url = shield.lift(node.url);
      if (node.value && VERBATIM.includes(node.type)) node.value = shield.lift(node.value);
      if (node.children) node.children = node.children.flatMap(walk);
      return [node];
    };
    walk(tree as Mdast);
  });

/** `shown`: the words of the screen for an expression. */
export const mergeField = (shown: (expression: string) => string) =>
  $node("merge_field", () => ({
    group: "inline",
    inline: true,
    atom: true,
    attrs: { value: { default: "" } },
    toDOM: (node) => [
      "span",
      { class: "merge-field", "data-value": node.attrs.value, title: node.attrs.value, contenteditable: "false" },
      shown(node.attrs.value),
    ],
    parseDOM: [{ tag: "span.merge-field", getAttrs: (dom) => ({ value: dom.dataset.value ?? "" }) }],
    leafText: (node) => node.attrs.value,
    parseMarkdown: {
      match: (node) => node.type === "mergeField",
      runner: (state, node, type) => void state.addNode(type, { value: node.value }),
    },
    toMarkdown: {
      match: (node) => node.type.name === "merge_field",
      runner: (state, node) => void state.addNode("html", undefined, node.attrs.value),
    },
  }));

/** Pictures are named, not loaded: their addresses are those of the article, not of this page. */
export const picture = (shield: Shield) =>
  imageSchema.extendSchema((before) => (ctx) => ({
    ...before(ctx),
    toDOM: ({ attrs }) => [
      "span",
      { class: "picture", "data-src": attrs.src, "data-alt": attrs.alt, "data-title": attrs.title },
      shield.lift(attrs.alt || attrs.src),
    ],
    parseDOM: [
      {
        tag: "span.picture",
        getAttrs: (dom: HTMLElement) => ({
          src: dom.dataset.src ?? "",
          alt: dom.dataset.alt ?? "",
          title: dom.dataset.title ?? "",
        }),
      },
    ],
    parseMarkdown: {
      match: (node) => node.type === "image",
      runner: (state, { url, alt, title }, type) =>
        void state.addNode(type, { src: url ?? "", alt: alt ?? "", title: title ?? "" }),
    },
  }));

/** An expression that was typed or pasted becomes a chip. */
export const chips = $prose(
  () =>
    new Plugin({
      appendTransaction: (changes, _, state) => {
        if (!changes.some((change) => change.docChanged)) return null;
        const change = state.tr;
        state.doc.descendants((node, position, parent) => {
          if (!node.isText || parent?.type.spec.code || node.marks.some((mark) => mark.type.spec.code)) return;
          for (const found of expressions(node.text ?? "")) {
            const from = change.mapping.map(position + found.index!);
            const chip = state.schema.nodes.merge_field!.create({ value: found[0] }, null, node.marks);
            change.replaceWith(from, from + found[0].length, chip);
          }
        });
        return change.docChanged ? change : null;
      },
    }),
);

/** Each block runs in the direction of its own text. */
export const directions = $prose(
  () => new Plugin({ props: { decorations: (state) => DecorationSet.create(state.doc, blocksOf(state.doc)) } }),
);

function blocksOf(doc: Node): Decoration[] {
  const found: Decoration[] = [];
  doc.descendants((node, position) => {
    if (!node.isTextblock) return true;
    found.push(Decoration.node(position, position + node.nodeSize, { dir: "auto" }));
    return false;
  });
  return found;
}
