import type { NameKind } from '../names.ts';
import { constantOf, type Schema } from '../schemaTree.ts';

export interface Completion {
  label: string;
  kind: 'key' | 'value' | 'file' | 'folder' | 'name' | 'snippet';
  /** Beside the label. */
  detail?: string;
  /** Markdown. */
  documentation?: string;
  /** In the syntax of snippets. */
  insert: string;
  range: { start: number; end: number };
  /** Completion is asked for again once it is inserted. */
  goesOn?: boolean;
}

export type Offer = Omit<Completion, 'range'>;

/** The values that a schema allows, or one to start from. */
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

/** An object with its required keys. */
function formOffer(form: Schema): Offer {
  const [key, constant] = constantOf(form);
  const rest = Object.entries(form.properties!).filter(
    ([k, s]) => k !== key && form.required?.includes(k) && s.default === undefined,
  );
  const parts = rest.map(([k, s], i) => `${quoted(k)}: ${valueSnippet(s, i + 1)}`);
  const insert = `{ ${[`${quoted(key)}: ${quoted(String(constant))}`, ...parts].join(', ')} }`;
  return { label: String(constant), kind: 'snippet', insert, documentation: form.properties![key]!.description };
}

/** A value to start from, its default where there is one. */
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

/** Text with the characters escaped that have a meaning in a snippet. */
export function inSnippet(written: string): string {
  return written.replace(/[\\$}]/g, '\\$&');
}

/** A whole recipe to start from. */
export const newRecipe: Offer = {
  label: 'New recipe',
  kind: 'snippet',
  documentation: 'Two experts on the embedded base, a router, a blend, what is measured, and the steps in order.',
  insert: `{
  "name": "\${1:my experts}",
  "base": "embedded",
  "lora": { "rank": 16, "alpha": 32 },
  "training": { "epochs": 3 },
  "experts": {
    "\${2:math}": {
      "domain": "\${2:math}",
      "data": { "train": "\${2:math}/train.jsonl" }
    },
    "\${3:code}": {
      "domain": "\${3:code}",
      "data": { "train": "\${3:code}/train.jsonl" }
    }
  },
  "router": { "kind": "learned" },
  "blends": {
    "both": { "\${2:math}": 0.5, "\${3:code}": 0.5 }
  },
  "steps": [
    { "do": "train" },
    { "do": "ask", "prompt": "$0" }
  ]
}`,
};

/** What a new part of a kind is offered as: its first free name, and its text after the key. */
const parts: Record<NameKind, { name: string; documentation: string; insert: string }> = {
  expert: {
    name: 'expert',
    documentation: 'An adapter of its own, learned from a file of examples.',
    insert: '{\n  "description": "$2",\n  "domain": "$3",\n  "data": { "train": "$4" }\n}',
  },
  blend: {
    name: 'blend',
    documentation: 'Weights of experts, at run time.',
    insert: '{ $2 }',
  },
  merge: {
    name: 'merge',
    documentation: 'A permanent combination of experts.',
    insert: `{ "method": "\${2:cat}", "weights": { $3 } }`,
  },
  set: {
    name: 'set',
    documentation: 'Examples that no expert has seen.',
    insert: `{ "data": "$2", "expert": "$3", "scorer": "\${4:exact}" }`,
  },
  engine: {
    name: 'gpu',
    documentation: 'A server that answers in place of this machine.',
    insert: `{ "kind": "\${2:openai}", "url": "\${3:http://127.0.0.1:8000/v1}" }`,
  },
};

export function newPart(kind: NameKind, taken: readonly string[]): Offer {
  const { name, documentation, insert } = parts[kind];
  const others = new Set(taken);
  const free = [name, ...taken.map((_, i) => `${name}${i + 2}`)].find(n => !others.has(n))!;
  const label = `New ${kind === 'set' ? 'held-out set' : kind}`;
  return { label, kind: 'snippet', documentation, insert: `"\${1:${free}}": ${insert}`, goesOn: true };
}
