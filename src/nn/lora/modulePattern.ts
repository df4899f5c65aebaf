import { WorkbenchError } from '../../protocol/errors.ts';

/** A key is one name, path or small expression; the limit bounds the time to match it. */
const maxPatternLength = 500;
/** The number of repeats is the exponent of the time that matching takes; three cover `layers\.\d+\..*proj`. */
const maxRepeats = 3;

/**
 * Refuses keys of rank_pattern or alpha_pattern that are no regular expression, or one that an attacker could make
 * match for hours (a repeated group, many repeats).
 *
 * @throws WorkbenchError `badFile` or `unsupported`
 */
export function checkPatterns(keys: string[], where: string): void {
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
      toExpression(key);
    } catch {
      throw new WorkbenchError('badFile', `${where}: the key ${shown} is not a regular expression`);
    }
  }
}

/** The value of the first key that fits the module, as PEFT's `get_pattern_key` chooses it. */
export function patternValue(pattern: Record<string, number> | undefined, module: string): number | undefined {
  if (!pattern) return undefined;
  if (Object.hasOwn(pattern, module)) return pattern[module];
  const key = Object.keys(pattern).find(k => toExpression(k).test(module));
  return key === undefined ? undefined : pattern[key];
}

/** True where PEFT's target_modules list (names or paths) selects the module. */
export function isTargeted(targets: string[], module: string): boolean {
  return targets.some(target => module === target || module.endsWith(`.${target}`));
}

function toExpression(key: string): RegExp {
  return new RegExp(`^(.*\\.)?(${key})$`);
}
