// The rich editor for one text: Milkdown without what rewrites blocks that nobody touched.
import {
  Editor,
  defaultValueCtx,
  editorViewCtx,
  editorViewOptionsCtx,
  parserCtx,
  remarkCtx,
  remarkStringifyOptionsCtx,
  rootCtx,
  serializerCtx,
} from "@milkdown/kit/core";
import { clipboard } from "@milkdown/kit/plugin/clipboard";
import { cursor } from "@milkdown/kit/plugin/cursor";
import { history } from "@milkdown/kit/plugin/history";
import {
  commonmark,
  headingIdGenerator,
  remarkPreserveEmptyLinePlugin,
  syncHeadingIdPlugin,
  syncListOrderPlugin,
} from "@milkdown/kit/preset/commonmark";
import { gfm } from "@milkdown/kit/preset/gfm";
import type { Node } from "@milkdown/kit/prose/model";
import { NodeSelection, Plugin } from "@milkdown/kit/prose/state";
import type { EditorView } from "@milkdown/kit/prose/view";
import { $prose } from "@milkdown/kit/utils";
import { type Block, Sources } from "./blocks";
import { chips, directions, lifting, mergeField, picture } from "./nodes";
import { Shield } from "./shield";

export interface Wishes {
  root: HTMLElement;
  attributes: Record<string, string>;
  shown: (expression: string) => string;
  /** After every change of the text or the selection; `text` makes the Markdown. */
  changed: (view: EditorView, text: (() => string) | null) => void;
  chosen: (view: EditorView) => void;
  /** HTML from elsewhere as Markdown; null where the server does not answer. */
  cleaned: (html: string) => Promise<string | null>;
}

export interface Rich {
  view: EditorView;
  shield: Shield;
  close: () => Promise<unknown>;
}

const STYLE = { bullet: "-", rule: "-", listItemIndent: "one" } as const;

// Blank paragraphs as <br />, ids for headings (the page has its own), other numbers in lists that are not edited.
const REWRITING: unknown[] = [...remarkPreserveEmptyLinePlugin, syncHeadingIdPlugin, syncListOrderPlugin];

/** null: this text can only be edited as source. */
export async function open(source: string, wishes: Wishes): Promise<Rich | null> {
  const shield = new Shield();
  const shielded = shield.put(source);
  if (shielded === null) return null;
  let sources: Sources | null = null;
  const text = (doc: Node): string => shield.lift(sources?.text(doc) ?? "");

  const watching = $prose(
    () =>
      new Plugin({
        view: () => ({
          update: (view, before) => {
            if (!sources) return;
            const same = view.state.doc.eq(before.doc);
            wishes.changed(view, same ? null : () => text(view.state.doc));
          },
        }),
      }),
  );

  const editor = Editor.make()
    .config((ctx) => {
      ctx.set(rootCtx, wishes.root);
      ctx.set(defaultValueCtx, shielded);
      ctx.set(headingIdGenerator.key, () => null as unknown as string); // null: no attribute at all
      ctx.update(remarkStringifyOptionsCtx, (options) => ({ ...options, ...STYLE }));
      ctx.set(editorViewOptionsCtx, {
        attributes: { role: "textbox", "aria-multiline": "true", ...wishes.attributes },
        handleDOMEvents: { keydown: (_, event) => event.key === "Tab" }, // Tab leaves, in lists and tables too
        handleClickOn: (view, _, node, position) => {
          if (node.type.name !== "merge_field") return false;
          view.dispatch(view.state.tr.setSelection(NodeSelection.create(view.state.doc, position)));
          wishes.chosen(view);
          return true;
        },
        handlePaste: (view, event) => {
          const html = event.clipboardData?.getData("text/html") ?? "";
          const plain = event.clipboardData?.getData("text/plain") ?? "";
          if (!html || html.includes("data-pm-slice")) return false;
          void wishes.cleaned(html).then((markdown) => {
            const pasted = editor.ctx.get(parserCtx)(markdown ?? plain);
            const slice = pasted?.slice(0, pasted.content.size);
            if (slice) view.dispatch(view.state.tr.replaceSelection(slice).scrollIntoView());
          });
          return true;
        },
      });
    })
    .use(commonmark.filter((plugin) => !REWRITING.includes(plugin)))
    .use(gfm)
    .use([history, clipboard, cursor].flat())
    .use([lifting(shield), mergeField(wishes.shown), picture(shield), chips, directions, watching].flat());
  await editor.create();

  const view = editor.ctx.get(editorViewCtx);
  const blocks = editor.ctx.get(remarkCtx).parse(shielded).children as Block[];
  const serialize = editor.ctx.get(serializerCtx);
  const written = (node: Node): string => serialize(view.state.schema.topNodeType.create(null, node)).trimEnd();
  sources = Sources.pair(shielded, blocks, view.state.doc, written);
  if (!sources) {
    await editor.destroy();
    return null;
  }
  return { view, shield, close: () => editor.destroy() };
}
