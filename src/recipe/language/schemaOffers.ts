import { constantOf, type Schema } from '../recipeSchema.ts';
import type { Completion, Offer } from './completion.ts';

/** The values that a schema allows, or one to begin with. */
export function schemaOffers(schema: Schema): Offer[] {
  if (schema.enum)
    return schema.enum.map((value, i) => ({
      label: String(value),
      kind: 'value',
      insert: inSnippet(JSON.stringify(value)),
      documentation: schema.enumDescriptions?.[i],
    }));
  if (schema.const !== undefined)
    return [
      {
        ...textOffer(String(schema.const), 'value'),
        insert: inSnippet(JSON.stringify(schema.const)),
        documentation: schema.description,
      },
    ];
  if (schema.type === 'boolean')
    return [true, false].map(v => ({ label: String(v), kind: 'value', insert: String(v) }));
  if (schema.oneOf) return schema.oneOf.map(form => formOffer(form));
  if (schema.properties?.do || schema.properties?.kind) return [formOffer(schema)];
  if (schema.type === 'object') return [{ label: '{}', kind: 'value', insert: '{$1}' }];
  if (schema.type === 'array') return [{ label: '[]', kind: 'value', insert: '[$1]', goesOn: true }];
  const example = schema.examples?.[0] ?? schema.default;
  if (example === undefined || typeof example === 'object') return [];
  return [
    {
      ...textOffer(String(example), 'value'),
      insert: inSnippet(JSON.stringify(example)),
      documentation: schema.description,
    },
  ];
}

/** An object with what it cannot do without. */
function formOffer(form: Schema): Offer {
  const [key, constant] = constantOf(form);
  const rest = Object.entries(form.properties!).filter(
    ([k, s]) => k !== key && form.required?.includes(k) && s.default === undefined,
  );
  const parts = rest.map(([k, s], i) => `${quoted(k)}: ${valueSnippet(s, i + 1)}`);
  const insert = `{ ${[`${quoted(key)}: ${quoted(String(constant))}`, ...parts].join(', ')} }`;
  return { label: String(constant), kind: 'snippet', insert, documentation: form.properties![key]!.description };
}

/** A value to begin with, its default where there is one. */
export function valueSnippet(schema: Schema, stop = 1): string {
  const value = schema.const ?? schema.default;
  if (value !== undefined && typeof value !== 'object') {
    const written = inSnippet(String(value));
    return typeof value === 'string' ? `"\${${stop}:${written}}"` : `\${${stop}:${written}}`;
  }
  if (schema.enum) return `"\${${stop}:${schema.enum[0]}}"`;
  if (schema.type === 'string') return `"$${stop}"`;
  if (schema.type === 'array') return `[$${stop}]`;
  return schema.type === 'object' || schema.oneOf ? `{ $${stop} }` : `$${stop}`;
}

export function documentation(schema: Schema): string | undefined {
  const example = schema.examples?.[0];
  const shown = example === undefined ? '' : `\n\nExample: \`${JSON.stringify(example)}\``;
  return schema.description && schema.description + shown;
}

export function textOffer(label: string, kind: Completion['kind']): Offer {
  return { label, kind, insert: quoted(label) };
}

export function quoted(value: string): string {
  return inSnippet(JSON.stringify(value));
}

/** Signs that mean something in a snippet. */
export function inSnippet(written: string): string {
  return written.replace(/[\\$}]/g, '\\$&');
}
