/**
 * Writes docs/recipe-reference.md and syntaxes/lora-recipe.schema.json from the recipe's schema.
 *
 *   npm run docs
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type ProblemCode, problemCodes, severityOf } from '../../src/recipe/problem.ts';
import { recipeJsonSchema } from '../../src/recipe/schema.ts';
import type { Schema } from '../../src/recipe/schemaTree.ts';

/** A recipe that a newcomer can read; the tests parse it. */
export const exampleRecipe = `{
  "$schema": "../../syntaxes/lora-recipe.schema.json",
  "name": "math and code",
  "base": "embedded",
  "lora": { "rank": 16, "alpha": 32 },
  "training": { "steps": 500 },
  "experts": {
    "math": { "domain": "math", "data": { "train": "math/train.jsonl", "validation": "math/validation.jsonl" } },
    // Settings of one expert override those of the recipe.
    "code": { "domain": "code", "data": { "train": "code/train.jsonl" }, "lora": { "rank": 32 } }
  },
  "router": { "kind": "learned" },
  "blends": { "explained": { "code": 0.6, "math": 0.4 } },
  "merges": { "both": { "method": "ties", "weights": { "code": 1, "math": 1 }, "density": 0.5 } },
  "evaluation": {
    "sets": {
      "math": { "data": "math/heldout.jsonl", "expert": "math", "scorer": "final", "minimum": { "math": 0.9 } },
      "code": { "data": "code/heldout.jsonl", "expert": "code", "scorer": "code" }
    }
  },
  "steps": [
    { "do": "train" },
    { "do": "ask", "prompt": "What is 12 + 30?" },
    { "do": "merge", "merge": "both" },
    { "do": "evaluate" }
  ]
}`;

/** Path from the project's folder → text, of every file that is made from the schema. */
export function generatedFiles(): Record<string, string> {
  return {
    'docs/recipe-reference.md': recipeDocs(recipeJsonSchema() as Schema),
    'syntaxes/lora-recipe.schema.json': `${JSON.stringify(recipeJsonSchema(), null, 2)}\n`,
  };
}

function recipeDocs(schema: Schema): string {
  return `<!-- Made from src/recipe/schema.ts by 'npm run docs'; edit that file instead. -->

# Recipe reference

Every key of a recipe. [recipes.md](recipes.md) says what a recipe is for and walks through one.

A recipe, \`NAME.lora.json\`, is one experiment written down: a base, its experts and their data, how prompts find them, what is merged, what is measured, and the steps in order. It is JSON in which comments and trailing commas are allowed. Paths are relative to the recipe's folder. An unknown key is an error that names the nearest known one.

\`\`\`jsonc
${exampleRecipe}
\`\`\`

\`*\` marks a key that must be there. The schema for editors is [lora-recipe.schema.json](../syntaxes/lora-recipe.schema.json).

${sections(schema).join('\n\n')}

## Problems

What the editor finds in a recipe, by the code that it shows. The command line finds those that need nothing but the recipe's text before it starts anything, and the others when it comes to them. A warning may be meant; everything else is an error.

${problemTable()}
`;
}

function problemTable(): string {
  const rows = Object.entries(problemCodes).map(([problem, meaning]) => {
    const isWarning = severityOf(problem as ProblemCode) === 'warning';
    return `| \`${problem}\` | ${isWarning ? 'warning' : 'error'} | ${meaning} |`;
  });
  return ['| code | severity | what it means |', '| --- | --- | --- |', ...rows].join('\n');
}

function sections(schema: Schema): string[] {
  /** The keys of an object → where they are described, so that equal objects are described once. */
  const described = new Map<string, string>();
  const visit = (path: string, s: Schema): string[] => {
    const variants = s.oneOf ?? (s.properties ? [s] : []);
    const known = described.get(keysOf(s));
    if (known) return [`## ${path}\n\n${s.description ?? ''} Its keys are those of [${known}](#${anchor(known)}).`];
    if (s.properties) described.set(keysOf(s), path);
    const tables = variants.map(v => (s.oneOf ? `### ${variantName(v)}\n\n${table(v)}` : table(v)));
    const own =
      variants.length > 0 ? [`## ${path}\n\n${[s.description ?? '', ...tables].filter(Boolean).join('\n\n')}`] : [];
    const inner = variants.flatMap(v => Object.entries(v.properties ?? {}));
    return [
      ...own,
      ...inner.flatMap(([key, value]) =>
        innerObjects(path === 'Recipe' ? key : `${path}.${key}`, value).flatMap(([p, o]) => visit(p, o)),
      ),
    ];
  };
  return visit('Recipe', schema);
}

/** The objects directly under a key: itself, those of a record by NAME, those of a list. */
function innerObjects(path: string, s: Schema): [string, Schema][] {
  if (s.properties || s.oneOf) return [[path, s]];
  if (typeof s.additionalProperties === 'object') return innerObjects(`${path}.NAME`, s.additionalProperties);
  return s.items ? innerObjects(`${path}[]`, s.items) : [];
}

const keysOf = (s: Schema): string => JSON.stringify(s.properties ?? s.oneOf);
const anchor = (title: string): string => title.toLowerCase().replace(/[^a-z0-9_-]/g, '');

/** A variant is told apart by its first key, which holds a constant. */
function variantName(s: Schema): string {
  const [key, value] = Object.entries(s.properties!)[0]!;
  return `\`"${key}": ${JSON.stringify(value.const)}\``;
}

function table(s: Schema): string {
  const rows = Object.entries(s.properties!).map(([key, value]) => {
    const mark = s.required?.includes(key) && value.default === undefined ? ' *' : '';
    const preset = value.default === undefined ? '' : code(value.default);
    return [`\`${key}\`${mark}`, typeText(value), preset, descriptionText(value)].map(cell =>
      cell.replaceAll('|', '\\|'),
    );
  });
  return [['key', 'type', 'default', 'description'], ['---', '---', '---', '---'], ...rows]
    .map(r => `| ${r.join(' | ')} |`)
    .join('\n');
}

function descriptionText(s: Schema): string {
  const values = s.enum?.map((value, i) => `${code(value)}: ${s.enumDescriptions?.[i]}`) ?? [];
  const example = s.examples?.map(value => `Example: ${code(value)}.`) ?? [];
  return [s.description ?? s.items?.description ?? '', ...(s.enumDescriptions ? values : []), ...example].join('<br>');
}

const code = (value: unknown): string => `\`${JSON.stringify(value)}\``;

function typeText(s: Schema): string {
  if (s.const !== undefined) return `\`${JSON.stringify(s.const)}\``;
  if (s.enum) return s.enum.map(v => `\`${JSON.stringify(v)}\``).join(' | ');
  if (s.anyOf) return s.anyOf.map(typeText).join(' | ');
  if (s.oneOf) return 'one of several objects';
  if (s.type === 'array') return `list of ${typeText(s.items ?? {})}`;
  if (typeof s.additionalProperties === 'object') return `NAME → ${typeText(s.additionalProperties)}`;
  return [s.type ?? 'any', bounds(s).join(', ')].filter(Boolean).join(' ');
}

function bounds(s: Schema): string[] {
  // Zod writes the limits of exact integers where a schema has none of its own.
  const high = s.maximum === undefined || s.maximum >= Number.MAX_SAFE_INTEGER ? undefined : s.maximum;
  const all: [string, number | undefined][] = [
    ['≥', s.minimum],
    ['>', s.exclusiveMinimum],
    ['≤', high],
    ['<', s.exclusiveMaximum],
  ];
  return all.flatMap(([sign, value]) => (value === undefined ? [] : [`${sign} ${value}`]));
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const [path, text] of Object.entries(generatedFiles()))
    writeFileSync(new URL(`../../${path}`, import.meta.url), text);
