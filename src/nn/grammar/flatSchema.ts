import { checkKeywords, isObject, type Json, type Schema, unsupported, wrongSchema } from './schemaKeywords.ts';

/** A schema without references and `allOf`: everything that has to hold at once, put together. */
export interface FlatSchema {
  /** Where it was written, for errors. */
  where: string;
  types?: string[];
  /** Of const and enum. */
  values?: unknown[];
  /** Of each list, one has to hold too. */
  unions: { keyword: 'anyOf' | 'oneOf'; options: Schema[] }[];
  minLength?: number;
  maxLength?: number;
  patterns: string[];
  formats: string[];
  /** With what says whether the bound itself is outside. */
  minimums: { value: number; isExclusive: boolean }[];
  maximums: { value: number; isExclusive: boolean }[];
  multiplesOf: number[];
  properties?: Record<string, Schema>;
  required: string[];
  additionalProperties?: Schema;
  propertyNames?: Schema;
  minProperties?: number;
  maxProperties?: number;
  prefixItems?: Schema[];
  items?: Schema;
  minItems?: number;
  maxItems?: number;
}

const mostParts = 200;
const deepestReferences = 50;

/** @param root the whole schema, which references point into. */
export function flatSchema(schema: Json, root: Schema, where: string): FlatSchema {
  let parts = 0;
  const flat = (part: Schema, place: string, depth: number): FlatSchema => {
    if (++parts > mostParts) throw wrongSchema(where, `is put together of more than ${mostParts} others`);
    if (depth > deepestReferences) throw wrongSchema(place, 'refers to itself without anything between');
    if (part === true) return emptyFlat(place);
    if (part === false) return { ...emptyFlat(place), types: [] };
    checkKeywords(part, place);
    let whole = ownKeywords(part, place);
    if (part.$ref !== undefined) {
      const reference = part.$ref as string;
      whole = both(flat(referenced(root, reference, place), reference, depth + 1), whole);
    }
    for (const [i, each] of ((part.allOf ?? []) as Schema[]).entries())
      whole = both(whole, flat(each, `${place}/allOf/${i}`, depth + 1));
    return whole;
  };
  return flat(schema, where, 0);
}

/** What a reference within the schema points at (RFC 6901). */
function referenced(root: Schema, reference: string, where: string): Schema {
  const missing = () => wrongSchema(where, `refers to '${reference.slice(0, 200)}', which is not in it`);
  if (reference !== '#' && !reference.startsWith('#/')) {
    throw unsupported('$ref', where, `'${reference.slice(0, 200)}' is outside of the schema or an anchor`);
  }
  let found: unknown = root;
  for (const part of reference.split('/').slice(1)) {
    const key = decoded(part).replaceAll('~1', '/').replaceAll('~0', '~');
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) throw missing();
    found = (found as Json)[key];
  }
  if (typeof found !== 'boolean' && !isObject(found)) throw missing();
  return found;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function emptyFlat(where: string): FlatSchema {
  return { where, unions: [], patterns: [], formats: [], minimums: [], maximums: [], multiplesOf: [], required: [] };
}

/** What checkKeywords has checked. */
interface Keywords
  extends Pick<
    FlatSchema,
    | 'minLength'
    | 'maxLength'
    | 'properties'
    | 'additionalProperties'
    | 'propertyNames'
    | 'minProperties'
    | 'maxProperties'
    | 'prefixItems'
    | 'minItems'
    | 'maxItems'
  > {
  enum?: unknown[];
  pattern?: string;
  format?: string;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  multipleOf?: number;
  required?: string[];
  items?: Schema | Schema[];
  additionalItems?: Schema;
}

function ownKeywords(schema: Json, where: string): FlatSchema {
  const s = schema as Keywords;
  const list = <T>(value: T | undefined): T[] => (value === undefined ? [] : [value]);
  const bounds = (inclusive: number | undefined, exclusive: number | undefined) => [
    ...list(inclusive).map(value => ({ value, isExclusive: false })),
    ...list(exclusive).map(value => ({ value, isExclusive: true })),
  ];
  const isTuple = Array.isArray(schema.items);
  const values = [...list(s.enum), ...('const' in schema ? [[schema.const]] : [])];
  if (schema.uniqueItems === true && !((schema.maxItems as number) <= 1)) throw unsupported('uniqueItems', where);
  return {
    where,
    types: schema.type === undefined ? undefined : withoutRepeats([schema.type as string].flat()),
    values: values.length > 0 ? values.reduce(commonValues) : undefined,
    unions: (['anyOf', 'oneOf'] as const)
      .filter(keyword => keyword in schema)
      .map(keyword => ({ keyword, options: schema[keyword] as Schema[] })),
    minLength: s.minLength,
    maxLength: s.maxLength,
    patterns: list(s.pattern),
    formats: list(s.format),
    minimums: bounds(s.minimum, s.exclusiveMinimum),
    maximums: bounds(s.maximum, s.exclusiveMaximum),
    multiplesOf: list(s.multipleOf),
    properties: s.properties,
    required: s.required ?? [],
    additionalProperties: s.additionalProperties,
    propertyNames: s.propertyNames,
    minProperties: s.minProperties,
    maxProperties: s.maxProperties,
    prefixItems: isTuple ? (s.items as Schema[]) : s.prefixItems,
    items: isTuple ? s.additionalItems : (s.items as Schema | undefined),
    minItems: s.minItems,
    maxItems: s.maxItems,
  };
}

/** What both say. */
export function both(a: FlatSchema, b: FlatSchema): FlatSchema {
  return {
    where: b.where,
    types: commonTypes(a.types, b.types),
    values: a.values && b.values ? commonValues(a.values, b.values) : (a.values ?? b.values),
    unions: [...a.unions, ...b.unions],
    minLength: larger(a.minLength, b.minLength),
    maxLength: smaller(a.maxLength, b.maxLength),
    patterns: withoutRepeats([...a.patterns, ...b.patterns]),
    formats: withoutRepeats([...a.formats, ...b.formats]),
    minimums: [...a.minimums, ...b.minimums],
    maximums: [...a.maximums, ...b.maximums],
    multiplesOf: withoutRepeats([...a.multiplesOf, ...b.multiplesOf]),
    properties: bothProperties(a, b),
    required: withoutRepeats([...a.required, ...b.required]),
    additionalProperties: bothSchemas(a.additionalProperties, b.additionalProperties),
    propertyNames: bothSchemas(a.propertyNames, b.propertyNames),
    minProperties: larger(a.minProperties, b.minProperties),
    maxProperties: smaller(a.maxProperties, b.maxProperties),
    ...bothItems(a, b),
    minItems: larger(a.minItems, b.minItems),
    maxItems: smaller(a.maxItems, b.maxItems),
  };
}

function bothSchemas(a: Schema | undefined, b: Schema | undefined): Schema | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  if (a === true || b === false) return b;
  if (b === true || a === false) return a;
  return { allOf: [a, b] };
}

/** A property of one is an additional one of the other. */
function bothProperties(a: FlatSchema, b: FlatSchema): Record<string, Schema> | undefined {
  if (!a.properties && !b.properties) return undefined;
  const names = withoutRepeats([...Object.keys(a.properties ?? {}), ...Object.keys(b.properties ?? {})]);
  const of = ({ properties, additionalProperties }: FlatSchema, name: string): Schema | undefined =>
    properties && Object.hasOwn(properties, name) ? properties[name] : additionalProperties;
  return Object.fromEntries(names.map(name => [name, bothSchemas(of(a, name), of(b, name)) ?? true]));
}

function bothItems(a: FlatSchema, b: FlatSchema): Pick<FlatSchema, 'prefixItems' | 'items'> {
  const length = Math.max(a.prefixItems?.length ?? 0, b.prefixItems?.length ?? 0);
  const prefixItems = Array.from(
    { length },
    (_, i) => bothSchemas(a.prefixItems?.[i] ?? a.items, b.prefixItems?.[i] ?? b.items) ?? true,
  );
  return { ...(length > 0 && { prefixItems }), items: bothSchemas(a.items, b.items) };
}

function commonTypes(a: string[] | undefined, b: string[] | undefined): string[] | undefined {
  if (!a || !b) return a ?? b;
  const has = (types: string[], type: string) =>
    types.includes(type) || (type === 'integer' && types.includes('number'));
  return withoutRepeats([...a.filter(type => has(b, type)), ...b.filter(type => has(a, type))]);
}

function commonValues(a: unknown[], b: unknown[]): unknown[] {
  const texts = new Set(b.map(value => canonical(value)));
  return a.filter(value => texts.has(canonical(value)));
}

/** A value as text, the same for equal values. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    isObject(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner,
  );
}

function larger(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.max(a, b);
}

function smaller(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}

function withoutRepeats<T>(values: T[]): T[] {
  return [...new Set(values)];
}
