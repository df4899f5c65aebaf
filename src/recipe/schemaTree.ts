import { recipeJsonSchema } from './schema.ts';

/** The part of JSON Schema that the recipe's schema uses. */
export interface Schema {
  type?: string;
  const?: unknown;
  enum?: unknown[];
  /** A sentence for each value of `enum`. */
  enumDescriptions?: string[];
  /** Where a form of the settings shows it and those after it. */
  section?: string;
  default?: unknown;
  description?: string;
  examples?: unknown[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
}

let whole: Schema | undefined;

/** The schema of a whole recipe. */
export function recipeSchemaTree(): Schema {
  whole ??= recipeJsonSchema() as Schema;
  return whole;
}

/**
 * What the schema says of a path. Where an object has several forms, `value`, the recipe as it is, chooses by the constant
 * that tells them apart; where it does not say, all forms are given.
 */
export function schemasAt(path: readonly PropertyKey[], value?: unknown): Schema[] {
  let [schemas, current] = [forms(recipeSchemaTree(), value), value];
  for (const part of path) {
    current = (current as Record<PropertyKey, unknown> | undefined | null)?.[part];
    schemas = schemas.flatMap(s => {
      const child = childOf(s, part);
      return child ? forms(child, current) : [];
    });
  }
  return schemas;
}

function childOf(schema: Schema, part: PropertyKey): Schema | undefined {
  if (typeof part === 'number') return schema.items;
  const { properties, additionalProperties } = schema;
  if (properties && Object.hasOwn(properties, part)) return properties[String(part)];
  return typeof additionalProperties === 'object' ? additionalProperties : undefined;
}

/** The forms of a schema that a value can have. */
function forms(schema: Schema, value: unknown): Schema[] {
  if (schema.anyOf) return schema.anyOf.map(s => ({ ...s, default: schema.default, description: schema.description }));
  if (!schema.oneOf) return [schema];
  const chosen = schema.oneOf.filter(form => {
    const [key, constant] = constantOf(form);
    return (value as Record<string, unknown> | undefined | null)?.[key] === constant;
  });
  return chosen.length > 0 ? chosen : schema.oneOf;
}

/** The key by which a form is told apart, and its value. */
export function constantOf(form: Schema): [key: string, value: unknown] {
  const [key, value] = Object.entries(form.properties!).find(([, s]) => s.const !== undefined)!;
  return [key, value.const];
}
