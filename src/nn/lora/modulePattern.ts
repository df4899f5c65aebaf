import { RE2JS } from 're2js';
import { WorkbenchError } from '../../protocol/errors.ts';

/** Whether a whole text fits. */
type Fits = (text: string) => boolean;

/** A key is one name, path or small expression; the limit bounds the time to match it. */
const maxPatternLength = 500;
/** Three cover `layers\.\d+\..*proj`. */
const maxRepeats = 3;
/** Each is tried on every module; names and paths are looked up and may be many. */
const maxExpressions = 50;

/**
 * Refuses keys of rank_pattern or alpha_pattern that are no regular expression, or a large one (a repeated group, many
 * repeats).
 *
 * @throws WorkbenchError `badFile` or `unsupported`
 */
export function checkPatterns(keys: string[], where: string): void {
  const expressions = keys.filter(key => !isLiteral(key)).length;
  if (expressions > maxExpressions)
    throw new WorkbenchError(
      'unsupported',
      `${where}: ${expressions} keys are expressions; at most ${maxExpressions} are read`,
      'Name the modules instead.',
    );
  for (const key of keys) {
    const shown = JSON.stringify(key.slice(0, 100));
    const repeats = key.match(/[*+{]/g)?.length ?? 0;
    if (key.length > maxPatternLength || repeats > maxRepeats || /\)[*+{]/.test(key)) {
      throw new WorkbenchError(
        'unsupported',
        `${where}: the key ${shown} is too complicated`,
        'Name the modules instead.',
      );
    }
    try {
      // By itself too: a key must not end the group that it is put into.
      expression(key);
      toExpression(key);
    } catch {
      throw new WorkbenchError('badFile', `${where}: the key ${shown} is not a regular expression`);
    }
  }
}

/** The value of the first key that fits the module, as PEFT's `get_pattern_key` chooses it. */
export function patternValue(pattern: Record<string, number> | undefined, module: string): number | undefined {
  const key = pattern && patternKey(pattern, module);
  return key === undefined ? undefined : pattern![key];
}

/** The first key that fits the module. */
export function patternKey(pattern: Record<string, number>, module: string): string | undefined {
  if (Object.hasOwn(pattern, module)) return module;
  const { keys, literals, expressions } = compiledOf(pattern);
  let first = keys.length;
  // A name or path fits where it stands at the end, after a dot.
  for (let dot = module.indexOf('.'); dot >= 0; dot = module.indexOf('.', dot + 1))
    first = Math.min(first, literals.get(module.slice(dot + 1)) ?? first);
  const earlier = expressions.find(({ index, fits }) => index < first && fits(module));
  return keys[earlier?.index ?? first];
}

interface Compiled {
  keys: string[];
  /** Names and paths, by their place among the keys. */
  literals: Map<string, number>;
  expressions: { index: number; fits: Fits }[];
}

const compiled = new WeakMap<Record<string, number>, Compiled>();

function compiledOf(pattern: Record<string, number>): Compiled {
  const known = compiled.get(pattern);
  if (known) return known;
  const keys = Object.keys(pattern);
  const made: Compiled = { keys, literals: new Map(), expressions: [] };
  for (const [index, key] of keys.entries()) {
    if (isLiteral(key)) made.literals.set(key, index);
    else made.expressions.push({ index, fits: toExpression(key) });
  }
  compiled.set(pattern, made);
  return made;
}

/** A dot of a path is meant as a dot. */
function isLiteral(key: string): boolean {
  return /^[\w.-]+$/.test(key);
}

/** A single string of target_modules as PEFT reads it; undefined where it is an expression that is not known here. */
export function targetExpression(target: string): Fits | undefined {
  if (target.length > maxTargetLength) return undefined;
  try {
    return expression(target);
  } catch {
    return undefined;
  }
}

/** Those that training programs write by themselves have some hundred characters. */
const maxTargetLength = 4000;

/** True where PEFT's target_modules list (names or paths) selects the module. */
export function isTargeted(targets: string[], module: string): boolean {
  return targets.some(target => module === target || module.endsWith(`.${target}`));
}

function toExpression(key: string): Fits {
  return expression(`(.*\\.)?(${key})`);
}

/**
 * A stranger's expression, in the dialect of RE2, which follows all ways through it at once: its time grows with the
 * expression and the text alone. Throws for what is none, and for look-around and back references.
 */
function expression(source: string): Fits {
  const compiled = RE2JS.compile(source);
  return text => compiled.matches(text);
}
