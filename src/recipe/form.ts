import { getNodeValue, type JSONPath } from 'jsonc-parser';
import { usualLinearNames } from '../nn/model/layout.ts';
import type { FieldControl, FormField, FormScope, TrainingForm } from '../protocol/views/training.ts';
import { nodeAt } from './nodes.ts';
import type { RecipeReading } from './parse.ts';
import { pathText } from './problem.ts';
import { type FormSection, formSections } from './schema.ts';
import { recipeSchemaTree, type Schema } from './schemaTree.ts';

/** What can be named in a recipe's texts: `base` → models, `train` and `validation` → data files. */
export type Offers = (path: JSONPath) => string[];

/** A setting of the schema, and where the form shows it. */
interface PlacedSetting {
  section: FormSection;
  /** Within the recipe, or within an expert. */
  path: string[];
  label: string;
  schema: Schema;
}

/** The form of a recipe: what its schema says of every setting, and what is written. */
export function recipeForm(reading: RecipeReading, isSaved: boolean, offers: Offers = () => []): TrainingForm {
  const { root, parts, problems } = reading;
  const errors = problems.filter(({ severity }) => severity === 'error');
  const isBroken = !root || !parts || root.type !== 'object' || errors.some(({ code }) => code === 'syntax');
  const experts = Object.entries(parts?.experts ?? {}).filter(([, { data }]) => data);
  const names = experts.map(([name]) => name);
  const problemAt = new Map(errors.toReversed().map(p => [p.where, p.message]));
  const scopes = isBroken ? [] : [undefined, ...names].map(expert => scopeOf(reading, expert, offers, problemAt));
  const shown = new Set(scopes.flatMap(s => s.sections.flatMap(({ fields }) => fields.map(f => pathText(f.path)))));
  return {
    scopes,
    experts: names,
    problems: errors.filter(({ where }) => isBroken || !shown.has(where)).map(({ message }) => message),
    isValid: errors.length === 0,
    isSaved,
  };
}

/** The first error of each place. */
type Errors = ReadonlyMap<string, string>;

function scopeOf(reading: RecipeReading, expert: string | undefined, offers: Offers, errors: Errors): FormScope {
  const within = expert === undefined ? [] : ['experts', expert];
  const settings = placedSettings(schemaOf(expert));
  const sections = (Object.keys(formSections) as FormSection[]).flatMap(name => {
    const fields = settings.filter(s => s.section === name).map(s => fieldOf(reading, within, s, offers, errors));
    const { title, ...more } = formSections[name];
    return fields.length > 0 ? [{ title, isRare: 'isRare' in more, fields }] : [];
  });
  return { ...(expert !== undefined && { expert }), sections };
}

function schemaOf(expert: string | undefined): Schema {
  const recipe = recipeSchemaTree();
  return expert === undefined ? recipe : (recipe.properties!.experts!.additionalProperties as Schema);
}

/** The settings that a form shows, in the schema's order: a section goes on until another begins. */
function placedSettings(schema: Schema): PlacedSetting[] {
  const placed: PlacedSetting[] = [];
  let section: string | undefined;
  const visit = ({ properties = {} }: Schema, path: string[], noun: string) => {
    for (const [key, child] of Object.entries(properties)) {
      section = child.section ?? section;
      const own = [...path, key];
      if (child.properties) {
        const before = section;
        // A setting without a section is shown in that of its object and is named after it: an expert's data.
        const isPlaced = Object.values(child.properties).some(p => p.section);
        visit(child, own, isPlaced ? '' : ` ${key}`);
        section = before;
      } else if (section && section in formSections && controlOf(child))
        placed.push({ section: section as FormSection, path: own, label: labelOf(key) + noun, schema: child });
    }
  };
  visit(schema, [], '');
  return placed;
}

function fieldOf(
  { root }: RecipeReading,
  within: string[],
  { path: own, label, schema }: PlacedSetting,
  offers: Offers,
  errors: Errors,
): FormField {
  const path = [...within, ...own];
  const written = (at: JSONPath) => {
    const node = nodeAt(root!, at);
    return node && (getNodeValue(node) as unknown);
  };
  const value = written(path);
  // An expert's settings are those of all experts where it says nothing.
  const otherwise = (within.length > 0 ? written(own) : undefined) ?? schema.default;
  const where = pathText(path);
  const problem = errors.get(where);
  return {
    path,
    label,
    help: schema.description ?? '',
    control: controlOf(schema, offers(path))!,
    value: value ?? otherwise,
    otherwise,
    isWritten: value !== undefined,
    ...(problem !== undefined && { problem: withoutPlace(problem, where) }),
  };
}

/** `learningRate` → `Learning rate`; a key of AdamW's keeps its number. */
function labelOf(key: string): string {
  const words = key
    .replace(/([a-z])([A-Z])/g, (_, a: string, b: string) => `${a} ${b.toLowerCase()}`)
    .replace(/(\D)(\d)/g, '$1 $2')
    .replace(/lora$/, 'LoRA');
  return words[0]!.toUpperCase() + words.slice(1);
}

function withoutPlace(message: string, place: string): string {
  const text = message.startsWith(`${place}: `) ? message.slice(place.length + 2) : message;
  return text[0]!.toUpperCase() + text.slice(1);
}

/** How a setting is asked for; undefined where a form cannot. */
function controlOf(schema: Schema, offers: string[] = []): FieldControl | undefined {
  if (schema.enum)
    return {
      kind: 'choice',
      options: schema.enum.map((value, i) => ({ value: String(value), text: schema.enumDescriptions?.[i] })),
    };
  if (schema.anyOf) return unionControl(schema.anyOf, offers);
  if (schema.type === 'boolean') return { kind: 'flag' };
  const inner = schema.items ?? schema.additionalProperties;
  if (typeof inner === 'object' && (inner.type === 'number' || inner.type === 'integer'))
    return { kind: 'json', example: JSON.stringify(schema.examples?.[0] ?? (schema.items ? [0] : {})) };
  if (schema.type === 'string') return { kind: 'text', offers };
  if (schema.type !== 'number' && schema.type !== 'integer') return undefined;
  // zod writes the safe integers as bounds where a setting has none.
  const bound = (limit: number | undefined) => (Math.abs(limit ?? 0) < Number.MAX_SAFE_INTEGER ? limit : undefined);
  return {
    kind: 'number',
    isWhole: schema.type === 'integer',
    min: bound(schema.minimum ?? schema.exclusiveMinimum),
    max: bound(schema.maximum ?? schema.exclusiveMaximum),
  };
}

/** A text or a number, a word or a number, a word or a list of words, or a word or true and false. */
function unionControl(forms: Schema[], offers: string[]): FieldControl | undefined {
  if (forms.every(form => form.const === undefined && (form.type === 'string' || form.type === 'number')))
    return { kind: 'text', offers, orNumber: true };
  const word = forms.find(form => typeof form.const === 'string')?.const as string | undefined;
  if (word === undefined) return undefined;
  if (forms.some(form => form.type === 'array'))
    return { kind: 'some', all: word, offers: offers.length > 0 ? offers : usualLinearNames.slice() };
  if (forms.some(form => form.type === 'number')) return { kind: 'text', offers: [word], orNumber: true };
  if (!forms.some(form => form.type === 'boolean')) return undefined;
  return { kind: 'choice', options: [word, true, false].map(value => ({ value })) };
}
