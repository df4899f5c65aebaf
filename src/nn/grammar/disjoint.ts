import { canonical, type FlatSchema } from './flatSchema.ts';
import { type Schema, typeNames } from './schemaKeywords.ts';

const deepest = 3;

/**
 * Whether it is plain that no JSON fits both: other types, other values, or objects of which one needs a property that
 * the other has otherwise or not at all.
 */
export function areDisjoint(a: FlatSchema, b: FlatSchema, flatOf: (schema: Schema) => FlatSchema, depth = 0): boolean {
  if (a.values && b.values) {
    const texts = new Set(a.values.map(canonical));
    return !b.values.some(value => texts.has(canonical(value)));
  }
  const shared = typesOf(a).filter(type => typesOf(b).includes(type));
  if (shared.length === 0) return true;
  if (shared.length > 1 || shared[0] !== 'object' || depth === deepest) return false;
  const names = new Set([...a.required, ...b.required]);
  return [...names].some(name => {
    const [own, other] = [propertyOf(a, name), propertyOf(b, name)];
    if (own === false || other === false) return true;
    const isInBoth = a.required.includes(name) && b.required.includes(name);
    return isInBoth && areDisjoint(flatOf(own), flatOf(other), flatOf, depth + 1);
  });
}

function propertyOf({ properties, additionalProperties }: FlatSchema, name: string): Schema {
  return (properties && Object.hasOwn(properties, name) ? properties[name] : additionalProperties) ?? true;
}

/** Types as they can be told apart: an integer is a number. */
function typesOf({ types, values }: FlatSchema): string[] {
  const names = values ? values.map(typeOf) : (types ?? typeNames);
  return [...new Set(names.map(name => (name === 'integer' ? 'number' : name)))].filter(
    name => !types || types.includes(name) || (name === 'number' && types.includes('integer')),
  );
}

export function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
}
