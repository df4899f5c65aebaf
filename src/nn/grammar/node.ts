import type { Item, ItemList, Items } from './item.ts';

/** A value of a schema: what may be written for it, and whether anything may. */
export interface Node {
  item: Item;
  /** Some finite JSON fits. Known after settle(). */
  canBeWritten: boolean;
}

interface KnownNode extends Node {
  /** Whether some finite JSON fits, if it does for those nodes inside that say so. */
  check(): boolean;
}

/** The nodes of one grammar. */
export class Nodes {
  private readonly all: KnownNode[] = [];
  private readonly toPrepare: (() => void)[] = [];

  constructor(
    readonly items: Items,
    private readonly most: number,
    private readonly tooMany: () => Error,
  ) {}

  /**
   * @param options lists that may be written, asked for when the grammar is settled.
   * @param prepare adds the nodes inside.
   */
  add(check: () => boolean, options: () => readonly ItemList[], prepare?: () => void): Node {
    if (this.all.length >= this.most) throw this.tooMany();
    const node = { item: this.items.oneOf(options), canBeWritten: false, check };
    this.all.push(node);
    if (prepare) this.toPrepare.push(prepare);
    return node;
  }

  /**
   * Adds all nodes inside of others, one after the other because they may be far inside, and finds which have finite
   * JSON: the least set that follows from those without others inside.
   */
  settle(): void {
    for (let prepare = this.toPrepare.pop(); prepare; prepare = this.toPrepare.pop()) prepare();
    for (let hasChanged = true; hasChanged; ) {
      hasChanged = false;
      for (let i = this.all.length - 1; i >= 0; i--) {
        const node = this.all[i]!;
        if (node.canBeWritten || !node.check()) continue;
        node.canBeWritten = true;
        hasChanged = true;
      }
    }
  }
}

export function unionNode(nodes: Nodes, options: () => readonly Node[]): Node {
  const ready = once(options);
  const possible = () => ready().filter(o => o.canBeWritten);
  return nodes.add(
    () => ready().some(o => o.canBeWritten),
    () => possible().map(o => [o.item]),
    ready,
  );
}

/** A node that writes one of these lists, with nothing inside that could be impossible. */
export function plainNode(nodes: Nodes, lists: readonly ItemList[]): Node {
  return nodes.add(
    () => lists.length > 0,
    () => lists,
  );
}

export function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
