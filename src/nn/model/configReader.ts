import { WorkbenchError } from '../../protocol/errors.ts';
import { visibleName } from '../../protocol/visibleText.ts';

/** What no model has more of: a size is believed up to here. */
const largest: Record<string, number> = {
  vocab_size: 2e6,
  hidden_size: 65_536,
  intermediate_size: 524_288,
  shared_intermediate_size: 524_288,
  num_hidden_layers: 1_000,
  num_attention_heads: 1_024,
  num_key_value_heads: 1_024,
  head_dim: 1_024,
  max_position_embeddings: 2 ** 24,
  original_max_position_embeddings: 2 ** 24,
  rms_norm_eps: 1,
  layer_norm_eps: 1,
  norm_epsilon: 1,
};

/** Reads the keys of a JSON object and holds them against what they should be; null stands for a key that is not there. */
export interface ConfigReader {
  /** Whether the key is there, with whatever value. */
  has(key: string): boolean;
  /** A number above 0. Throws `badFile` where it is none, or is missing without `fallback`. */
  number(key: string, fallback?: number): number;
  /** A whole number above 0. */
  integer(key: string, fallback?: number): number;
  /** A whole number, 0 too. */
  count(key: string, fallback: number): number;
  /** A number above 0; undefined where the key is null, or is missing without `fallback`. */
  optional(key: string, fallback?: number): number | undefined;
  flag(key: string): boolean | undefined;
  text(key: string): string | undefined;
  /** Its errors begin with `name` in place of the key. */
  object(key: string, name?: string): ConfigReader | undefined;
  /** A list of items that `fits`. Throws `badFile` with what was `wanted`. */
  list<T>(key: string, wanted: string, fits: (item: unknown) => item is T): T[] | undefined;
  keys(): string[];
  bad(key: string, wanted: string, got: unknown): WorkbenchError;
  unsupported(what: string, hint: string): WorkbenchError;
}

/** A reader whose errors begin with `where`: a file, and what of it. */
export function readConfig(json: unknown, where: string): ConfigReader {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new WorkbenchError('badFile', `${where}: expected a JSON object`);
  const config = json as Record<string, unknown>;
  const bad = (key: string, wanted: string, got: unknown) => badValue(where, key, wanted, got);
  const positive = (key: string, fallback: number | undefined, isInteger: boolean): number => {
    const x = config[key] ?? fallback;
    if (typeof x !== 'number' || !(x > 0) || !Number.isFinite(x) || (isInteger && !Number.isInteger(x)))
      throw bad(key, `a positive ${isInteger ? 'integer' : 'number'}`, x);
    const most = largest[key];
    if (most !== undefined && x > most) throw bad(key, `at most ${most}`, x);
    return x;
  };
  const typed =
    <T>(wanted: string, fits: (x: unknown) => x is T) =>
    (key: string): T | undefined => {
      const x = config[key] ?? undefined;
      if (x === undefined || fits(x)) return x;
      throw bad(key, wanted, x);
    };
  const object = typed('an object', (x): x is object => typeof x === 'object' && !Array.isArray(x));
  return {
    has: key => Object.hasOwn(config, key),
    number: (key, fallback) => positive(key, fallback, false),
    integer: (key, fallback) => positive(key, fallback, true),
    count: (key, fallback) => (config[key] === 0 ? 0 : positive(key, fallback, true)),
    optional: (key, fallback) =>
      (config[key] === undefined ? fallback : config[key]) == null ? undefined : positive(key, fallback, false),
    flag: typed('true or false', (x): x is boolean => typeof x === 'boolean'),
    text: typed('a text', (x): x is string => typeof x === 'string'),
    object: (key, name = key) => {
      const inner = object(key);
      return inner && readConfig(inner, `${where}: ${name}`);
    },
    list: (key, wanted, fits) => {
      const items = typed(wanted, (x): x is unknown[] => Array.isArray(x))(key);
      return items?.map(item => {
        if (fits(item)) return item;
        throw bad(key, wanted, item);
      });
    },
    keys: () => Object.keys(config),
    bad,
    unsupported: (what, hint) => new WorkbenchError('unsupported', `${where}: ${what} is not supported`, hint),
  };
}

function badValue(where: string, key: string, wanted: string, got: unknown): WorkbenchError {
  // A list may be nested deeper than it can be written.
  const shown = typeof got === 'object' && got !== null ? (Array.isArray(got) ? 'a list' : 'an object') : quoted(got);
  return new WorkbenchError(
    'badFile',
    `${where}: '${key}' should be ${wanted}, got ${shown}`,
    'Copy the file again from the model’s page.',
  );
}

function quoted(x: unknown): string {
  return typeof x === 'string' ? visibleName(JSON.stringify(x)) : String(x);
}
