import { Environment, Interpreter, parse, tokenize } from '@huggingface/jinja';

/** A parsed template. */
export type Program = ReturnType<typeof parse>;
type Statement = Parameters<Interpreter['evaluate']>[0];
type Value = ReturnType<Interpreter['evaluate']>;
/** What is applied by `|` and by `{% filter %}`; the library's types leave it out. */
interface Filters {
  applyFilter(operand: Value, filter: Node, environment: Environment): Value;
  evaluateArguments(args: readonly Node[], environment: Environment): [Value[], Map<string, Value>];
}
const { applyFilter, evaluateArguments } = Interpreter.prototype as unknown as Filters;

/*
 * A template is a program of a stranger's. What it may do is counted, so that one without end is ended, wherever it
 * runs. The templates of known models take about a hundred steps a message.
 */
const longestSource = 400_000;
const longestBlank = 2_000;
const stepsAtLeast = 100_000;
const stepsPerMessage = 3_000;
const charactersAtLeast = 20_000_000;
const charactersPerCharacter = 100;
const mostItems = 10_000;
const widestIndent = 1_000;

/** A template did more than it may; its message says what of. */
export class TemplateLimit extends Error {}

/** A template calls `raise_exception`: the messages are not what it was made for. */
export class TemplateRefusal extends Error {}

/**
 * Parses a template with the settings of transformers (`trim_blocks`, `lstrip_blocks`). Line breaks are `\n`, as in
 * Jinja2. Throws what is wrong with it.
 */
export function parseTemplate(source: string): Program {
  if (source.length > longestSource)
    throw new TemplateLimit(`it has ${source.length} characters; ${longestSource} are read`);
  // The parser's patterns take the square of the length of a gap.
  const gap = source.match(/\s+/g)?.find(each => each.length > longestBlank);
  if (gap) throw new TemplateLimit(`${gap.length} blanks follow one another; ${longestBlank} are read`);
  const text = source.replace(/\r\n?/g, '\n');
  return parse(tokenize(text, { lstrip_blocks: true, trim_blocks: true }));
}

/** The text that a template makes of its variables. Throws `TemplateLimit` where it does not end. */
export function renderTemplate(program: Program, variables: Record<string, unknown>): string {
  const environment = new Environment(globals);
  for (const [name, value] of Object.entries(variables)) environment.set(name, value);
  const messages = Array.isArray(variables.messages) ? variables.messages.length : 0;
  const characters = charactersIn(variables);
  const limits = {
    steps: stepsAtLeast + stepsPerMessage * messages,
    characters: charactersAtLeast + charactersPerCharacter * characters,
  };
  return new LimitedInterpreter(environment, limits).run(program).value as string;
}

/** Of the texts in a value, at all depths. */
function charactersIn(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 1;
  let characters = 2;
  for (const inner of Object.values(value)) characters += charactersIn(inner);
  return characters;
}

const literals = new WeakMap<object, Value>();

const constants = { true: true, false: false, none: null, True: true, False: false, None: null };

/** What every template knows; what one sets is in an environment of its own. */
const globals = new Environment();
for (const [name, value] of Object.entries({ ...constants, range, strftime_now: strftime, raise_exception: raise }))
  globals.set(name, value);

/** Counts what a template does, and takes blanks and characters off a text as Python does. */
class LimitedInterpreter extends Interpreter {
  /** Characters that any one value may have. */
  private readonly most: number;

  constructor(
    environment: Environment,
    private readonly left: { steps: number; characters: number },
  ) {
    super(environment);
    this.most = left.characters;
    const filters = this as unknown as Filters;
    filters.applyFilter = (operand, filter, scope) => {
      this.chargeFilter(operand, filter, scope);
      return applyFilter.call(this, operand, filter, scope);
    };
  }

  override evaluate(statement: Statement, environment: Environment): Value {
    if (--this.left.steps < 0) throw new TemplateLimit('it does not end: it took more steps than a template may');
    const type = statement?.type ?? '';
    if (statement?.type === 'StringLiteral') return this.literal(statement, environment);
    const value = this.ownMethod(statement as Node, environment) ?? super.evaluate(statement, environment);
    if (makesValues.has(type)) this.charge(sizeOf(value.value));
    if (makesValues.has(type) || makesCollections.has(type)) this.checkExtent(value);
    // What is set within a namespace is part of everything that holds it.
    const { assignee } = type === 'Set' ? (statement as Node) : {};
    if (assignee?.type === 'MemberExpression')
      this.checkExtent(super.evaluate(assignee.object as Statement, environment));
    return value;
  }

  /** The value of a literal, which nothing changes: made once for all renderings. */
  private literal(statement: NonNullable<Statement>, environment: Environment): Value {
    let value = literals.get(statement);
    if (!value) literals.set(statement, (value = super.evaluate(statement, environment)));
    return value;
  }

  /** A list that holds another twice, which holds another twice, … takes no room until it is written out. */
  private checkExtent(value: Value): void {
    if (!isCollection(value.value)) return;
    let extent = 0;
    for (const left = [value]; left.length > 0; ) {
      const inner: unknown = left.pop()!.value;
      extent += typeof inner === 'string' ? inner.length + 1 : 10;
      if (extent > this.most) throw new TemplateLimit('its lists and objects hold more than a template may write');
      this.charge(1);
      if (Array.isArray(inner)) for (const item of inner) left.push(item);
      else if (inner instanceof Map) for (const item of inner.values()) left.push(item);
    }
  }

  private charge(size: number): void {
    this.left.characters -= size;
    if (this.left.characters < 0) throw new TemplateLimit('it makes more text than a template may');
  }

  /** Filters whose one call may make very much of a small text. */
  private chargeFilter({ value }: Value, { callee, args }: Node, environment: Environment): void {
    const name = callee?.value;
    if (!args || !makers.has(String(name))) return;
    const [positional, named] = evaluateArguments.call(this, args, environment);
    const given = [...positional, ...named.values()].map(each => each.value);
    const wide = given.find(each => typeof each === 'number' && each > widestIndent);
    if (wide !== undefined) throw new TemplateLimit(`${name} with ${wide}; ${widestIndent} are made at most`);
    const longest = Math.max(0, ...given.map(each => (typeof each === 'string' ? each.length : 0)));
    if (name === 'join' && Array.isArray(value))
      this.charge(value.reduce((sum, item) => sum + longest + sizeOf(item.value), 0));
    else if (name === 'join') this.charge(sizeOf(value) * longest);
    else if (name === 'replace' && typeof value === 'string') {
      const what = given[0];
      this.charge(
        (typeof what === 'string' && what ? value.split(what, mostItems * 10).length : value.length) * longest,
      );
    }
  }

  /** Methods and filters of texts that the library has otherwise, or whose one call may make very much. */
  private ownMethod(node: Node, environment: Environment): Value | undefined {
    if (node?.type === 'FilterExpression') {
      const { type, value, callee, args = [] } = node.filter!;
      if ((type === 'Identifier' ? value : callee?.value) !== 'trim') return undefined;
      return this.callMethod('strip', node.operand!, args, environment);
    }
    const { callee } = node?.type === 'CallExpression' ? node : {};
    if (callee?.type !== 'MemberExpression' || callee.computed) return undefined;
    const name = String(callee.property!.value);
    return ownMethods.has(name) ? this.callMethod(name, callee.object!, node.args!, environment) : undefined;
  }

  private callMethod(name: string, of: Node, nodes: Node[], environment: Environment): Value | undefined {
    if (nodes.some(n => n.type.startsWith('Keyword') || n.type === 'SpreadExpression')) return undefined;
    const object = this.evaluate(of as Statement, environment);
    if (object.type !== 'StringValue') return undefined;
    const text = object.value as string;
    const args = nodes.map(n => this.evaluate(n as Statement, environment));
    const [first, second] = args.map(a => (typeof a.value === 'string' ? a.value : undefined));
    if (name === 'split' || name === 'replace') {
      // An empty text stands between any two characters; without one the text is split at its blanks.
      const times = first ? text.split(first, mostItems * 10).length : text.length;
      this.charge(name === 'split' ? times * 100 : text.length + times * (second?.length ?? 0));
      const method = object.builtins.get(name)!.value as (args: Value[], scope: Environment) => Value;
      return method(args, environment);
    }
    const isString = Object.getPrototypeOf(object) as { constructor: new (text: string) => Value };
    return new isString.constructor(strip(text, name, first));
  }
}

/** What the library's types leave out of an expression. */
interface Node {
  type: string;
  value?: unknown;
  operand?: Node;
  filter?: Node;
  callee?: Node;
  object?: Node;
  property?: Node;
  computed?: boolean;
  assignee?: Node;
  args?: Node[];
}

const ownMethods = new Set(['strip', 'lstrip', 'rstrip', 'split', 'replace']);

const makers = new Set(['indent', 'tojson', 'join', 'replace']);

/** Python's white space. */
const pythonBlanks =
  '\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000';

/** Python's `strip`, `lstrip` and `rstrip`: any of `characters` is taken off the ends. */
function strip(text: string, name: string, characters = pythonBlanks): string {
  const off = new Set(characters);
  const all = [...text];
  let [start, end] = [0, all.length];
  if (name !== 'rstrip') while (start < end && off.has(all[start]!)) start++;
  if (name !== 'lstrip') while (end > start && off.has(all[end - 1]!)) end--;
  return all.slice(start, end).join('');
}

/** Kinds of expressions whose value is new, not one that was there. */
const makesValues = new Set([
  'BinaryExpression',
  'FilterExpression',
  'FilterStatement',
  'CallExpression',
  'For',
  'Macro',
]);

/** Kinds of expressions whose value holds others. */
const makesCollections = new Set(['ArrayLiteral', 'TupleLiteral', 'ObjectLiteral']);

function isCollection(value: unknown): boolean {
  return Array.isArray(value) || value instanceof Map;
}

function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  // Each item is an object of its own.
  return Array.isArray(value) ? value.length * 100 : 0;
}

function raise(message: unknown): never {
  throw new TemplateRefusal(String(message));
}

function range(start: number, stop?: number, step = 1): number[] {
  const [from, to] = stop === undefined ? [0, start] : [start, stop];
  const count = Math.max(0, Math.ceil((to - from) / step));
  if (!(count <= mostItems)) throw new TemplateLimit(`range() of ${count} numbers; ${mostItems} are made`);
  return Array.from({ length: count }, (_, i) => from + i * step);
}

/**
 * Python's strftime of the day on which all prompts are rendered: the day itself must not change them, so templates that
 * ask for it get the one that Llama 3's own template falls back on, at midnight.
 */
function strftime(format: string): string {
  // With the flags and modifiers of glibc, which Python hands the format to.
  return format.replace(/%([-_0^#]?)[EO]?([a-zA-Z%])/g, (all, flag: string, letter: string) => {
    const value = fixedDay[letter];
    if (value === undefined) return all;
    if (flag === '^' || flag === '#') return value.toUpperCase();
    if (flag === '-' || flag === '_')
      return value.replace(/^[0 ]+(?=\d)/, zeros => (flag === '_' ? ' '.repeat(zeros.length) : ''));
    return value;
  });
}

/** Friday, 26 July 2024, 00:00:00. */
const fixedDay: Record<string, string> = {
  Y: '2024',
  y: '24',
  m: '07',
  d: '26',
  e: '26',
  B: 'July',
  b: 'Jul',
  h: 'Jul',
  A: 'Friday',
  a: 'Fri',
  H: '00',
  I: '12',
  M: '00',
  S: '00',
  f: '000000',
  p: 'AM',
  j: '208',
  u: '5',
  w: '5',
  U: '29',
  W: '30',
  V: '30',
  G: '2024',
  Z: '',
  z: '',
  D: '07/26/24',
  F: '2024-07-26',
  T: '00:00:00',
  R: '00:00',
  c: 'Fri Jul 26 00:00:00 2024',
  x: '07/26/24',
  X: '00:00:00',
  C: '20',
  g: '24',
  k: ' 0',
  l: '12',
  P: 'am',
  r: '12:00:00 AM',
  s: '1721952000',
  n: '\n',
  t: '\t',
  '%': '%',
};
