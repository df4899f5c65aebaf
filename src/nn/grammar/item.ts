/**
 * Something that is still to be written. What remains of an answer is a list of items, the next one first
 * (pushdown.ts). An item either takes bytes, or stands for lists of others.
 */
export interface Item {
  /** Its own within a grammar. */
  readonly id: number;
  /** It may also be left out. */
  readonly isOptional?: boolean;
  /** What may stand in its place. The items in front of each list take bytes, or lead to ones that do. */
  expand?(): readonly ItemList[];
  /** What is left of it after a byte; undefined where the byte is not allowed. */
  step?(byte: number): ItemList | undefined;
  /** The one token that it is: a special one, which no bytes spell. */
  readonly token?: number;
  /** Set between two characters of a string whose characters are free. */
  readonly free?: FreeString;
  /** Another that allows the same tokens, save for some of those with more than so many bytes. */
  readonly like?: { item: Item; bytes: number };
}

export type ItemList = readonly Item[];

/** The characters that may come before a string has to end. */
interface FreeString {
  /** Whether escapes (\n, \u0041) may be written. */
  hasEscapes: boolean;
  most: number;
}

export const nothing: ItemList = [];

/** Makes the items of one grammar. */
export class Items {
  private made = 0;
  private readonly literals = new Map<string, Item>();
  private readonly kept = new Map<string, Item>();

  /** How many there are: they are made while answers are written, and kept. */
  get count(): number {
    return this.made;
  }

  newId(): number {
    return ++this.made;
  }

  /** The item of this name, made when it is asked for first. */
  once(name: string, make: (id: number) => Item): Item {
    let item = this.kept.get(name);
    if (!item) this.kept.set(name, (item = make(this.newId())));
    return item;
  }

  /** A text as it is; not empty. */
  literal(text: string): Item {
    let item = this.literals.get(text);
    if (!item) this.literals.set(text, (item = this.literalBytes(new TextEncoder().encode(text), 0)));
    return item;
  }

  /** One of several lists. */
  oneOf(options: () => readonly ItemList[]): Item {
    let lists: readonly ItemList[] | undefined;
    return { id: this.newId(), expand: () => (lists ??= options()) };
  }

  token(id: number): Item {
    return { id: this.newId(), token: id };
  }

  private literalBytes(bytes: Uint8Array, at: number): Item {
    let rest: ItemList | undefined;
    return {
      id: this.newId(),
      step: byte => {
        if (byte !== bytes[at]) return undefined;
        return (rest ??= at + 1 < bytes.length ? [this.literalBytes(bytes, at + 1)] : nothing);
      },
    };
  }
}

/** A blank that may be there: after a comma and a colon, as many models write JSON. */
export function blank(items: Items): Item {
  return items.once('blank', id => ({ id, isOptional: true, step: byte => (byte === 0x20 ? nothing : undefined) }));
}
