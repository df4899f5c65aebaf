import { parseArgs } from 'node:util';
import { WorkbenchError } from '../../protocol/errors.ts';
import { nearest } from '../../text/nearest.ts';

/** An option of a verb; help and parser both read this. */
interface VerbOption {
  /** How its value is called in the help; an option without one is a flag. */
  value?: string;
  /** May be given several times, or once with several values; `names` may also be separated by commas. */
  list?: 'names' | 'items';
  description: string;
}

/** What a verb takes. */
export interface VerbSyntax {
  name: string;
  /** What follows the verb, one line for each form. */
  usage: string[];
  options: Record<string, VerbOption>;
  /** Fewest and most positional arguments. */
  positionals: [fewest: number, most: number];
}

/** What a verb was called with. Names of options are those of its table; asking for another is a mistake in the verb. */
export interface Arguments {
  positionals: string[];
  given(name: string): boolean;
  flag(name: string): boolean;
  text(name: string): string | undefined;
  /** Throws `badRequest` for what is not a number. */
  number(name: string): number | undefined;
  list(name: string): string[] | undefined;
  /** Throws `badRequest` for what is not a number. */
  numbers(name: string): number[] | undefined;
}

/** Reads a verb's arguments. Throws `badRequest`, naming what is wrong and the nearest option. */
export function parseArguments(verb: VerbSyntax, argv: string[]): Arguments {
  const usage = `See: multi-lora ${verb.name} --help`;
  const options = Object.fromEntries(
    Object.entries(verb.options).map(([name, { value, list }]) => [
      name,
      { type: value ? ('string' as const) : ('boolean' as const), multiple: list !== undefined },
    ]),
  );
  const { values, positionals } = parse(verb, spreadLists(verb, argv), options, usage);
  const [fewest, most] = verb.positionals;
  if (positionals.length < fewest)
    throw new WorkbenchError('badRequest', `usage: multi-lora ${verb.name} ${verb.usage[0]}`, usage);
  if (positionals.length > most)
    throw new WorkbenchError(
      'badRequest',
      `'${positionals[most]}' is one argument too many`,
      `${usage}; a prompt of several words goes in quotes.`,
    );
  const text = (name: string) => values[name] as string | undefined;
  const list = (name: string) => {
    const given = values[name] as string[] | undefined;
    return verb.options[name]?.list === 'names'
      ? given?.flatMap(item => item.split(',')).filter(item => item !== '')
      : given;
  };
  return {
    positionals,
    given: name => values[name] !== undefined,
    flag: name => values[name] === true,
    text,
    number: name => {
      const given = text(name);
      return given === undefined ? undefined : parseNumber(given, `--${name}`);
    },
    list,
    numbers: name => list(name)?.map(given => parseNumber(given, `--${name}`)),
  };
}

/** A number as people write it. Throws `badRequest`. */
function parseNumber(given: string, what: string): number {
  const value = given.trim() === '' ? Number.NaN : Number(given);
  if (Number.isFinite(value)) return value;
  throw new WorkbenchError('badRequest', `${what} is not a number: '${given}'`);
}

/** `code=0.5,math=0.4` as a table. Throws `badRequest`. */
export function parseWeights(given: string): Record<string, number> {
  const weights: Record<string, number> = {};
  for (const part of given.split(',')) {
    const [, name, value] = /^\s*([^=]+?)\s*=(.*)$/.exec(part) ?? [];
    if (!name || value === undefined)
      throw new WorkbenchError(
        'badRequest',
        `'${part}' is not a weight of --weights`,
        'Write them as --weights code=0.5,math=0.4.',
      );
    if (name in weights) throw new WorkbenchError('badRequest', `--weights names '${name}' twice`);
    weights[name] = parseNumber(value, `the weight of '${name}'`);
  }
  return weights;
}

/** `DIR=WEIGHT`, or `DIR` alone where a weight is not required. Throws `badRequest`. */
export function parseAdapter(given: string, weight: 'required' | 'optional'): { path: string; weight: number } {
  const at = given.lastIndexOf('=');
  if (at > 0)
    return {
      path: given.slice(0, at),
      weight: parseNumber(given.slice(at + 1), `the weight of '${given.slice(0, at)}'`),
    };
  if (weight === 'required')
    throw new WorkbenchError('badRequest', `--adapter ${given} has no weight`, `Write: --adapter ${given}=1`);
  return { path: given, weight: 1 };
}

/** `--only a b` becomes `--only a --only b`: a list goes on until the next option. */
function spreadLists(verb: VerbSyntax, argv: string[]): string[] {
  const spread: string[] = [];
  let list: string | undefined;
  for (const arg of argv) {
    const name = /^--([^=]+)$/.exec(arg)?.[1];
    if (arg.startsWith('-')) list = name && verb.options[name]?.list ? arg : undefined;
    else if (list) spread.push(list);
    if (arg !== list) spread.push(arg);
  }
  return spread;
}

type ParseOptions = NonNullable<NonNullable<Parameters<typeof parseArgs>[0]>['options']>;

function parse(verb: VerbSyntax, args: string[], options: ParseOptions, usage: string) {
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (!code?.startsWith('ERR_PARSE_ARGS')) throw error;
    const unknown = code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION' && /'--?([^']+)'/.exec(message)?.[1];
    // Of a value that begins with a dash, Node.js says in its last line how to write it.
    const [first, ...rest] = message.split('\n');
    if (!unknown) throw new WorkbenchError('badRequest', first!, rest.at(-1) ?? usage);
    const guess = nearest(unknown, Object.keys(verb.options));
    throw new WorkbenchError(
      'badRequest',
      `${verb.name} has no option '--${unknown}'`,
      guess ? `Did you mean --${guess}? ${usage}` : usage,
    );
  }
}
