import { blank, type Item, type ItemList } from './item.ts';
import { type Node, type Nodes, once } from './node.ts';
import { nameBeside } from './stringItems.ts';

export interface ObjectShape {
  /** In the order in which they are written. */
  properties: { name: string; value: Node; isRequired: boolean }[];
  /** The value of any other name; undefined for none. */
  others: Node | undefined;
  /** What a name beside the properties is written as, where it is not just any. */
  otherNames: ItemList | undefined;
  least: number;
  most: number;
}

/**
 * An object: its properties in the order of the schema, then others. What is counted are properties, each of which is
 * written once; a name beside them may be written twice, so that those count for the most alone.
 */
export function objectNode(nodes: Nodes, shape: () => ObjectShape): Node {
  const { items } = nodes;
  const ready = once(shape);
  const usable = () => ready().properties.filter(p => p.value.canBeWritten);
  const members = new Map<string, Item>();

  /** What follows after `count` members, of the properties from `at` on. */
  const rest = (at: number, count: number): Item => {
    const { least, most } = ready();
    const counted = least > 0 || most < Infinity ? count : Math.min(count, 1);
    const key = `${at} ${counted}`;
    let item = members.get(key);
    if (!item) members.set(key, (item = items.oneOf(() => continuations(at, counted))));
    return item;
  };

  const continuations = (at: number, count: number): ItemList[] => {
    const { others, otherNames, least, most, properties } = ready();
    const own = usable();
    const lists: ItemList[] = [];
    const separator = count === 0 ? [] : [items.literal(','), blank(items)];
    let next = at;
    for (; next < own.length; next++) {
      const { name, value, isRequired } = own[next]!;
      const left = own.slice(next + 1);
      const canFill = count + 1 + left.length >= least;
      const hasRoom = count + 1 + left.filter(p => p.isRequired).length <= most;
      if (canFill && hasRoom)
        lists.push([
          ...separator,
          items.literal(`${JSON.stringify(name)}:`),
          blank(items),
          value.item,
          rest(next + 1, count + 1),
        ]);
      if (isRequired) return lists;
    }
    // However many others are written, they may all have one name.
    if (others?.canBeWritten && count < most && count + 1 >= least) {
      const names =
        otherNames ??
        nameBeside(
          items,
          properties.map(p => p.name),
        );
      lists.push([...separator, ...names, items.literal(':'), blank(items), others.item, rest(own.length, count + 1)]);
    }
    if (count >= least) lists.push([items.literal('}')]);
    return lists;
  };

  return nodes.add(
    () => {
      const { properties, others, least, most } = ready();
      const required = properties.filter(p => p.isRequired);
      const possible = usable().length + (others?.canBeWritten ? 1 : 0);
      return required.every(p => p.value.canBeWritten) && required.length <= most && possible >= least;
    },
    () => [[items.literal('{'), rest(0, 0)]],
    ready,
  );
}

export interface ArrayShape {
  /** The values of the first places. */
  first: Node[];
  /** Those of all others; undefined for none. */
  others: Node | undefined;
  least: number;
  most: number;
}

export function arrayNode(nodes: Nodes, shape: () => ArrayShape): Node {
  const { items } = nodes;
  const ready = once(shape);
  /** How many elements can be written. */
  const longest = (): number => {
    const { first, others, most } = ready();
    const impossible = first.findIndex(node => !node.canBeWritten);
    if (impossible >= 0) return Math.min(most, impossible);
    return others?.canBeWritten ? most : Math.min(most, first.length);
  };
  const elements = new Map<number, Item>();
  /** What follows after `count` elements. */
  const rest = (count: number): Item => {
    const { first, least } = ready();
    // Without an end, all places behind the last that differs are the same.
    const counted = longest() === Infinity ? Math.min(count, Math.max(1, least, first.length)) : count;
    let item = elements.get(counted);
    if (!item) elements.set(counted, (item = items.oneOf(() => continuations(counted))));
    return item;
  };
  const continuations = (count: number): ItemList[] => {
    const { first, others, least } = ready();
    const lists: ItemList[] = [];
    const separator = count === 0 ? [] : [items.literal(','), blank(items)];
    if (count < longest()) lists.push([...separator, (first[count] ?? others!).item, rest(count + 1)]);
    if (count >= least) lists.push([items.literal(']')]);
    return lists;
  };
  return nodes.add(
    () => longest() >= ready().least,
    () => [[items.literal('['), rest(0)]],
    ready,
  );
}
