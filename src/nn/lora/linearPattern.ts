/*
 * Regular expressions that strangers wrote, matched in time that grows with the expression and the text alone: all ways
 * through the expression are followed at once (Thompson 1968), so that nothing is tried twice. Literals, `.`, classes,
 * `\d \w \s \b`, groups, `|`, `* + ? {m,n}` and anchors are known; look-around, back references and flags are not.
 */

/** Whether a whole text fits. */
export type Fits = (text: string) => boolean;

type Node =
  | { kind: 'char'; is: (c: string) => boolean }
  | { kind: 'assert'; holds: (text: string, at: number) => boolean }
  | { kind: 'all' | 'any'; parts: Node[] }
  | { kind: 'repeat'; part: Node; least: number; most: number };

/** A step on the way through an expression; without `next` it is the end. */
interface State {
  is?: (c: string) => boolean;
  holds?: (text: string, at: number) => boolean;
  next: State[];
}

const maxStates = 2000;
const maxDepth = 50;

/** Throws an Error for what is no expression, or is not known here. */
export function linearPattern(source: string): Fits {
  const end: State = { next: [] };
  const left = { states: maxStates };
  const start = stateOf(parse(source), end, left);
  return text => {
    let now = reached([start], text, 0);
    for (let at = 0; at < text.length && now.size > 0; at++) {
      const c = text[at]!;
      const next: State[] = [];
      for (const state of now) if (state.is?.(c)) next.push(...state.next);
      now = reached(next, text, at + 1);
    }
    return now.has(end);
  };
}

/** All states that are reached without reading another character. */
function reached(from: State[], text: string, at: number): Set<State> {
  const found = new Set<State>();
  const open = [...from];
  for (let state = open.pop(); state; state = open.pop()) {
    if (found.has(state) || (state.holds && !state.holds(text, at))) continue;
    found.add(state);
    if (!state.is) open.push(...state.next);
  }
  return found;
}

/** The first state of a node that goes on with `next`. */
function stateOf(node: Node, next: State, left: { states: number }): State {
  if (--left.states < 0) throw new Error('too large');
  switch (node.kind) {
    case 'char':
      return { is: node.is, next: [next] };
    case 'assert':
      return { holds: node.holds, next: [next] };
    case 'any':
      return { next: node.parts.map(part => stateOf(part, next, left)) };
    case 'all':
      return node.parts.reduceRight((after, part) => stateOf(part, after, left), next);
    case 'repeat': {
      let after = next;
      if (node.most === Number.POSITIVE_INFINITY) {
        const loop: State = { next: [] };
        loop.next.push(stateOf(node.part, loop, left), next);
        after = loop;
      } else for (let i = node.least; i < node.most; i++) after = { next: [stateOf(node.part, after, left), next] };
      for (let i = 0; i < node.least; i++) after = stateOf(node.part, after, left);
      return after;
    }
  }
}

const isDigit = (c: string) => c >= '0' && c <= '9';
const isWord = (c: string | undefined) => c !== undefined && /\w/.test(c);
const isSpace = (c: string) => /\s/.test(c);
const classes: Record<string, (c: string) => boolean> = {
  d: isDigit,
  D: c => !isDigit(c),
  w: isWord,
  W: c => !isWord(c),
  s: isSpace,
  S: c => !isSpace(c),
};
const atWordEdge = (text: string, at: number) => isWord(text[at - 1]) !== isWord(text[at]);
const asserts: Record<string, (text: string, at: number) => boolean> = {
  b: atWordEdge,
  B: (text, at) => !atWordEdge(text, at),
};

function parse(source: string): Node {
  let at = 0;
  const wrong = (what: string) => new Error(`${what} at ${at}`);
  const alternatives = (depth: number): Node => {
    if (depth > maxDepth) throw wrong('too deep');
    const parts: Node[] = [sequence(depth)];
    while (source[at] === '|') {
      at++;
      parts.push(sequence(depth));
    }
    return parts.length === 1 ? parts[0]! : { kind: 'any', parts };
  };
  const sequence = (depth: number): Node => {
    const parts: Node[] = [];
    while (at < source.length && source[at] !== '|' && source[at] !== ')') parts.push(repeated(atom(depth)));
    return { kind: 'all', parts };
  };
  const repeated = (part: Node): Node => {
    const [text, sign, low, comma, high] = /^(?:([*+?])|\{(\d*)(,?)(\d*)\})\??/.exec(source.slice(at, at + 20)) ?? [];
    if (text === undefined || (!sign && low === '' && high === '')) return part;
    at += text.length;
    if ('*+?{'.includes(source[at] ?? ' ')) throw wrong('a repeat of a repeat');
    const least = sign ? (sign === '+' ? 1 : 0) : Number(low);
    const most = sign ? (sign === '?' ? 1 : Number.POSITIVE_INFINITY) : mostOf(least, comma!, high!);
    if (most < least) throw wrong('a range that falls');
    return { kind: 'repeat', part, least, most };
  };
  const mostOf = (least: number, comma: string, high: string) =>
    comma ? (high ? Number(high) : Number.POSITIVE_INFINITY) : least;
  const atom = (depth: number): Node => {
    const c = source[at++]!;
    if (c === '(') {
      if (source[at] === '?') {
        if (source[at + 1] !== ':') throw wrong('an extension of groups');
        at += 2;
      }
      const inner = alternatives(depth + 1);
      if (source[at++] !== ')') throw wrong('no end of a group');
      return inner;
    }
    if (c === '[') return { kind: 'char', is: classOf() };
    if (c === '.') return { kind: 'char', is: x => x !== '\n' };
    if (c === '^') return { kind: 'assert', holds: (_, place) => place === 0 };
    if (c === '$') return { kind: 'assert', holds: (text, place) => place === text.length };
    if (c === '\\') return escaped();
    if ('*+?'.includes(c)) throw wrong('nothing to repeat');
    return { kind: 'char', is: x => x === c };
  };
  const escaped = (): Node => {
    const c = source[at++];
    if (c === undefined) throw wrong('nothing after a backslash');
    if (Object.hasOwn(asserts, c)) return { kind: 'assert', holds: asserts[c]! };
    if (Object.hasOwn(classes, c)) return { kind: 'char', is: classes[c]! };
    if (/[A-Za-z0-9]/.test(c)) throw wrong(`\\${c}`);
    return { kind: 'char', is: x => x === c };
  };
  const classOf = (): ((c: string) => boolean) => {
    const isNot = source[at] === '^';
    if (isNot) at++;
    const tests: ((c: string) => boolean)[] = [];
    for (let first = true; first || source[at] !== ']'; first = false) {
      let c = source[at++];
      if (c === '\\') {
        c = source[at++];
        if (c !== undefined && Object.hasOwn(classes, c)) {
          tests.push(classes[c]!);
          continue;
        }
        if (c !== undefined && /[A-Za-z0-9]/.test(c)) throw wrong(`\\${c}`);
      }
      if (c === undefined) throw wrong('no end of a class');
      const from = c;
      if (source[at] !== '-' || source[at + 1] === ']' || source[at + 1] === undefined) tests.push(x => x === from);
      else {
        const to = source[at + 1]!;
        if (to === '\\' || to < from) throw wrong('a range that falls');
        at += 2;
        tests.push(x => x >= from && x <= to);
      }
    }
    at++;
    return x => tests.some(test => test(x)) !== isNot;
  };
  const whole = alternatives(0);
  if (at < source.length) throw wrong('an end of no group');
  return whole;
}
