// Blocks that nobody changed keep their source, byte for byte; only a changed block is written anew.
import type { Node } from "@milkdown/kit/prose/model";

export interface Block {
  type: string;
  position?: { start: { offset?: number }; end: { offset?: number } };
}

/** A block as it was opened; `after`: what stands between it and the next (white space, link definitions). */
interface Piece {
  source: string;
  after: string;
  type: string;
}

const BLANK = "\n\n";
const HIDDEN = "definition"; // read into the links that name it, so it has no node of its own

export class Sources {
  private readonly byNode = new WeakMap<Node, number>();
  private readonly byText = new Map<string, number>();

  private constructor(
    private readonly head: string,
    private readonly pieces: Piece[],
    private readonly written: (node: Node) => string,
  ) {}

  /** null: the nodes of the document cannot be paired with the blocks of the source. */
  static pair(source: string, blocks: Block[], doc: Node, written: (node: Node) => string): Sources | null {
    const shown = blocks.filter((block) => block.type !== HIDDEN);
    if (shown.length === 0) return source.trim() === "" ? new Sources("", [], written) : null;
    if (shown.length !== doc.childCount) return null;
    const start = (index: number): number => shown[index]?.position?.start.offset ?? source.length;
    const pieces = shown.map((block, index) => {
      const end = block.position?.end.offset ?? start(index + 1);
      const type = doc.child(index).type.name;
      return { source: source.slice(start(index), end), after: source.slice(end, start(index + 1)), type };
    });
    const sources = new Sources(source.slice(0, start(0)), pieces, written);
    doc.forEach((node, _, index) => sources.remember(node, index));
    return sources.text(doc) === source ? sources : null;
  }

  text(doc: Node): string {
    const nodes = doc.children.filter((node) => node.childCount > 0 || !node.isTextblock || this.byNode.has(node));
    const origins = this.origins(nodes);
    const parts = nodes.map((node, index) => {
      const kept = this.known(node);
      const text = kept === undefined ? this.written(node) : this.pieces[kept]!.source;
      return text + this.gap(nodes, origins, index);
    });
    return this.head + this.lostDefinitions(origins) + parts.join("");
  }

  private remember(node: Node, index: number): void {
    this.byNode.set(node, index);
    const text = this.written(node);
    if (!this.byText.has(text)) this.byText.set(text, index);
  }

  /** Identity means unchanged; a block that undo brought back reads the same. */
  private known(node: Node): number | undefined {
    return this.byNode.get(node) ?? this.byText.get(this.written(node));
  }

  /** The piece whose place each node takes: its own, or that of the block which was changed into it. */
  private origins(nodes: Node[]): (number | undefined)[] {
    const found = nodes.map((node) => this.known(node));
    return found.map((own, index) => {
      if (own !== undefined) return own;
      const before = index === 0 ? -1 : found[index - 1];
      const after = index === nodes.length - 1 ? this.pieces.length : found[index + 1];
      if (before !== undefined && after !== undefined) return after - before === 2 ? before + 1 : undefined;
      return nodes.length === this.pieces.length ? index : undefined;
    });
  }

  private gap(nodes: Node[], origins: (number | undefined)[], index: number): string {
    const own = origins[index];
    const piece = own === undefined ? undefined : this.pieces[own];
    const last = index === nodes.length - 1;
    if (last) return own === this.pieces.length - 1 && piece ? piece.after : this.spaced(piece, this.ending());
    const follows = own !== undefined && origins[index + 1] === own + 1;
    const same = (at: number): boolean => this.pieces[origins[at] ?? -1]?.type === nodes[at]?.type.name;
    const alike = same(index) && same(index + 1);
    if (piece && follows && (alike || /\n[ \t]*\n/.test(piece.after))) return piece.after;
    return this.spaced(piece, BLANK);
  }

  /** White space, but never less than the link definitions that stood there. */
  private spaced(piece: Piece | undefined, space: string): string {
    return piece?.after.trim() ? `${BLANK}${piece.after.trim()}${space}` : space;
  }

  /** Link definitions that stood behind a block which is gone still serve other links. */
  private lostDefinitions(origins: (number | undefined)[]): string {
    const lost = this.pieces.filter((piece, index) => piece.after.trim() && !origins.includes(index));
    return lost.map((piece) => piece.after.trim() + BLANK).join("");
  }

  private ending(): string {
    return /\n$/.test(this.pieces.at(-1)?.after ?? "") ? "\n" : "";
  }
}
