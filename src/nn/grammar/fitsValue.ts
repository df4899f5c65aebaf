import type { Automaton } from './automaton.ts';
import { hasAnyOf } from './codePoints.ts';
import { typeOf } from './disjoint.ts';
import type { FlatSchema } from './flatSchema.ts';
import { unsupported } from './schemaKeywords.ts';

/**
 * Whether a value of `enum` or `const` fits what else its schema says. Throws `unsupported` where that is about the
 * inside of an object or an array.
 */
export function fitsValue(flat: FlatSchema, value: unknown, automaton: () => Automaton | undefined): boolean {
  const type = typeOf(value);
  const { types } = flat;
  if (types && !types.includes(type) && !(type === 'integer' && types.includes('number'))) return false;
  switch (typeof value) {
    case 'string':
      return fitsText(flat, value, automaton());
    case 'number':
      return fitsNumber(flat, value);
    case 'object':
      if (value !== null) checkNothingInside(flat);
      return true;
    default:
      return true;
  }
}

function fitsText({ minLength = 0, maxLength = Infinity }: FlatSchema, text: string, automaton?: Automaton): boolean {
  const codes = Array.from(text, c => c.codePointAt(0)!);
  return codes.length >= minLength && codes.length <= maxLength && (!automaton || takes(automaton, codes));
}

function takes({ characters, follow, isEnd }: Automaton, codes: number[]): boolean {
  let states = [0];
  for (const code of codes) {
    const next = states.flatMap(state => follow[state]!.filter(to => hasAnyOf(characters[to]!, code, code)));
    states = [...new Set(next)];
  }
  return states.some(state => isEnd[state]);
}

function fitsNumber({ minimums, maximums, multiplesOf }: FlatSchema, value: number): boolean {
  return (
    minimums.every(bound => (bound.isExclusive ? value > bound.value : value >= bound.value)) &&
    maximums.every(bound => (bound.isExclusive ? value < bound.value : value <= bound.value)) &&
    multiplesOf.every(divisor => Number.isInteger(value / divisor))
  );
}

function checkNothingInside(flat: FlatSchema): void {
  const keywords = [
    'properties',
    'additionalProperties',
    'propertyNames',
    'minProperties',
    'maxProperties',
    'prefixItems',
    'items',
    'minItems',
    'maxItems',
  ] as const;
  const beside = flat.required.length > 0 ? 'required' : keywords.find(keyword => flat[keyword] !== undefined);
  if (beside) throw unsupported(beside, flat.where, "beside 'enum' or 'const' of objects and arrays");
}
