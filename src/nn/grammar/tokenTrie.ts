/** Tokens by their bytes, as a tree written in order: behind each node its subtree, then what follows it. */
export interface TokenTrie {
  /** The byte that leads to each node. */
  byte: Uint8Array;
  /** The node behind its subtree. */
  end: Int32Array;
  /** Of the tokens whose bytes end at a node, where they begin in `tokens`; they end where the next node's begin. */
  first: Int32Array;
  tokens: Int32Array;
  /** Bytes of the longest token. */
  depth: number;
}

/** @param ids of tokens with bytes. */
export function createTokenTrie(ids: readonly number[], bytes: readonly Uint8Array[]): TokenTrie {
  const tokens = Int32Array.from(inOrder(ids, bytes));
  let most = 0;
  for (const id of tokens) most += bytes[id]!.length;
  const byte = new Uint8Array(most);
  const end = new Int32Array(most);
  const first = new Int32Array(most + 1);
  const path: number[] = [];
  let nodes = 0;
  let depth = 0;
  let before = new Uint8Array();
  for (const [place, id] of tokens.entries()) {
    const own = bytes[id]!;
    let shared = 0;
    while (shared < before.length && shared < own.length && before[shared] === own[shared]) shared++;
    while (path.length > shared) end[path.pop()!] = nodes;
    for (let i = shared; i < own.length; i++) {
      byte[nodes] = own[i]!;
      first[nodes] = place;
      path.push(nodes++);
    }
    depth = Math.max(depth, own.length);
    before = own as Uint8Array<ArrayBuffer>;
  }
  while (path.length > 0) end[path.pop()!] = nodes;
  first[nodes] = tokens.length;
  return { byte: byte.slice(0, nodes), end: end.slice(0, nodes), first: first.slice(0, nodes + 1), tokens, depth };
}

/** Ids in the order of their bytes. */
function inOrder(ids: readonly number[], bytes: readonly Uint8Array[]): number[] {
  // Characters up to U+00FF compare as the bytes that they stand for, and strings faster than arrays.
  const texts = ids.map(id => ({ id, text: String.fromCharCode(...bytes[id]!) }));
  texts.sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : a.id - b.id));
  return texts.map(({ id }) => id);
}
