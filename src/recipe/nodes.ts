import type { JSONPath, Node } from 'jsonc-parser';

/** The members of objects that were looked up, so that to look up all of them takes as many steps as there are. */
const members = new WeakMap<Node, Map<unknown, Node>>();

/** The value at a path of a tree, the first of a key that is written twice; as jsonc-parser finds it, but not by search. */
export function nodeAt(root: Node, path: JSONPath): Node | undefined {
  let node: Node | undefined = root;
  for (const part of path) {
    if (node === undefined) return undefined;
    if (typeof part === 'string') node = membersOf(node).get(part);
    else node = node.type === 'array' ? node.children?.[part] : undefined;
  }
  return node;
}

function membersOf(node: Node): Map<unknown, Node> {
  let found = members.get(node);
  if (!found) {
    found = new Map();
    for (const { children: [key, value] = [] } of node.type === 'object' ? (node.children ?? []) : [])
      if (key && value && !found.has(key.value)) found.set(key.value, value);
    members.set(node, found);
  }
  return found;
}
