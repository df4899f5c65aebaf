import { getLocation, getNodeValue, type JSONPath, type Location } from 'jsonc-parser';
import { linearLayers, linearNamesOf, usualLinearNames } from '../../nn/model/layout.ts';
import { inMarkdown, shortened } from '../../text/shown.ts';
import { impliedNames, type NameKind, namesAt, nameUses } from '../names.ts';
import { isBeyondLimits, type RecipeReading } from '../parse.ts';
import { schemasAt } from '../schemaTree.ts';
import { nextValue, tokensFrom } from '../tokens.ts';
import {
  type Completion,
  documentation,
  inSnippet,
  newPart,
  newRecipe,
  type Offer,
  quoted,
  schemaOffers,
  textOffer,
  valueSnippet,
} from './offers.ts';
import { known, type RecipeWorld } from './recipeWorld.ts';

/** What the workspace and this machine offer to a recipe; paths relative to the recipe's folder. */
export interface RecipeListings {
  /** Files, and datasets of the Hugging Face cache by their names. */
  dataFiles: { name: string; from?: string }[];
  /** PEFT folders. */
  adapters: string[];
  /** Base models: folders of the workspace, and those of the Hugging Face cache by their names. */
  bases: { name: string; from: string }[];
}

/** What kind of files or folders is named at an offset, to be listed before completions are asked for. */
export function listedAt(reading: RecipeReading, offset: number): keyof RecipeListings | undefined {
  if (isBeyondLimits(reading)) return undefined;
  const { path, isAtPropertyKey } = getLocation(reading.text, offset);
  return isAtPropertyKey ? undefined : listedBy(path);
}

/** What can stand at an offset, in the order in which it is offered. */
export function completionsAt(
  reading: RecipeReading,
  offset: number,
  world: RecipeWorld,
  listings: RecipeListings,
): Completion[] {
  const { text, root } = reading;
  if (isBeyondLimits(reading) || isInComment(text, offset)) return [];
  const location = getLocation(text, offset);
  const range = replacedRange(text, offset, location);
  const value: unknown = root && getNodeValue(root);
  if (location.path.length === 0) return value === undefined ? [{ ...newRecipe, range }] : [];
  const comma = separator(text, range.end);
  if (location.isAtPropertyKey) {
    const hasValue = /^\s*:/.test(text.slice(range.end));
    return keyOffers(location.path, value, reading).map(offer =>
      hasValue
        ? { ...offer, insert: inSnippet(JSON.stringify(offer.label)), range }
        : { ...offer, insert: offer.insert + comma, range },
    );
  }
  return valueOffers(location.path, value, world, listings).map(o => ({ ...o, insert: o.insert + comma, range }));
}

function isInComment(text: string, offset: number): boolean {
  for (const { kind, start, end } of tokensFrom(text, 0)) {
    if (start >= offset) return false;
    if (kind === 'lineComment' ? offset <= end : kind === 'blockComment' && offset < end) return true;
  }
  return false;
}

/** The token at the offset, or the word before it. */
function replacedRange(text: string, offset: number, { previousNode: node }: Location): Completion['range'] {
  const isToken = node && !['object', 'array'].includes(node.type);
  if (isToken && node.offset < offset && offset <= node.offset + node.length)
    return { start: node.offset, end: node.offset + node.length };
  let start = offset;
  while (start > 0 && !/[\s"{}[\],:]/.test(text[start - 1]!)) start--;
  return { start, end: offset };
}

/** A comma where something follows. */
function separator(text: string, end: number): string {
  const next = nextValue(text, end);
  return next === undefined || ',}]:'.includes(text[next.start]!) ? '' : ',';
}

function keyOffers(path: JSONPath, value: unknown, reading: RecipeReading): Offer[] {
  const parent = path.slice(0, -1);
  const own = at(value, parent);
  const written = typeof own === 'object' && own !== null ? Object.keys(own).filter(key => key !== path.at(-1)) : [];
  const names = namesAt(path, 'key');
  if (names?.isDefinition) return [newPart(names.kinds[0]!, written)];
  const taken = new Set(written);
  if (names)
    return whoAnswers(value, names.kinds)
      .filter(name => !taken.has(name))
      .map(label => ({ label, kind: 'name', ...aboutName(reading, label), insert: `${quoted(label)}: \${1:1}` }));
  const schemas = schemasAt(parent, value);
  const keys = new Map(schemas.flatMap(s => Object.entries(s.properties ?? {})));
  const required = new Set(schemas.flatMap(s => s.required ?? []));
  return [...keys]
    .filter(([key]) => !taken.has(key))
    .sort(([a], [b]) => Number(required.has(b)) - Number(required.has(a)))
    .map(([key, schema]) => ({
      label: key,
      kind: 'key',
      detail: schema.default === undefined || typeof schema.default === 'object' ? undefined : String(schema.default),
      documentation: documentation(schema),
      insert: `${quoted(key)}: ${valueSnippet(schema)}`,
      goesOn: ['string', 'array', 'object', undefined].includes(schema.type),
    }));
}

/** What an expert is for, where its name is offered. */
function aboutName({ parts }: RecipeReading, name: string): Pick<Offer, 'documentation'> {
  const description = parts?.experts[name]?.description;
  return { documentation: description === undefined ? undefined : inMarkdown(shortened(description, 1000)) };
}

function valueOffers(path: JSONPath, value: unknown, world: RecipeWorld, listings: RecipeListings): Offer[] {
  const names = namesAt(path, 'value');
  if (names) {
    const list = at(value, path.slice(0, -1));
    const here = at(value, path);
    const taken = new Set<unknown>(Array.isArray(list) ? list : []);
    const free = whoAnswers(value, names.kinds).filter(name => name === here || !taken.has(name));
    return free.map(name => textOffer(name, 'name'));
  }
  return (
    pathOffers(path, listings) ??
    columnOffers(path, value, world) ??
    targetOffers(path, world) ??
    schemasAt(path, value).flatMap(schemaOffers)
  );
}

/** Columns of the data that a recipe names, where it says which of them hold what. */
function columnOffers(path: JSONPath, value: unknown, world: RecipeWorld): Offer[] | undefined {
  if (path.at(-2) !== 'columns') return undefined;
  const around = at(value, path.slice(0, -2)) as { train?: unknown; data?: unknown } | undefined;
  const file = path[0] === 'experts' ? around?.train : around?.data;
  const fields = typeof file === 'string' ? known(world.data(file))?.fields : undefined;
  return fields?.map(field => textOffer(field, 'value'));
}

/** Files and folders, where a recipe names some. */
function pathOffers(path: JSONPath, { dataFiles, adapters, bases }: RecipeListings): Offer[] | undefined {
  const listed = listedBy(path);
  if (listed === 'dataFiles')
    return dataFiles.map(({ name, from }) => ({ ...textOffer(name, 'file'), ...(from && { detail: from }) }));
  if (listed === 'adapters') return adapters.map(folder => textOffer(folder, 'folder'));
  if (listed === 'bases')
    return [
      { ...textOffer('embedded', 'value'), documentation: 'The small base that comes with the extension.' },
      ...bases.map(({ name, from }) => ({ ...textOffer(name, 'folder'), detail: from })),
    ];
  return undefined;
}

function listedBy([first, second, third, fourth]: JSONPath): keyof RecipeListings | undefined {
  if (first === 'base') return 'bases';
  if (first === 'experts' && third === 'data' && (fourth === 'train' || fourth === 'validation')) return 'dataFiles';
  if (first === 'evaluation' && second === 'sets' && fourth === 'data') return 'dataFiles';
  if (first === 'evaluation' && second === 'generalText' && third === 'data') return 'dataFiles';
  return first === 'experts' && (third === 'adapter' || third === 'startFrom') ? 'adapters' : undefined;
}

/** The linear layers that the base has, with their sizes, where targets are named. */
function targetOffers(path: JSONPath, world: RecipeWorld): Offer[] | undefined {
  const last = path.at(-1);
  const isInList = typeof last === 'number' && path.at(-2) === 'targets';
  if (!isInList) return undefined;
  const base = known(world.base);
  if (!base) return usualLinearNames.map(name => textOffer(name, 'value'));
  const layers = linearLayers(base.config);
  return linearNamesOf(base.config).flatMap(name => {
    const own = layers.filter(l => l.name === name);
    const [first] = own;
    const detail = first && `[${first.out}, ${first.in}], ${own.length} layers`;
    return first ? [{ ...textOffer(name, 'value'), detail }] : [];
  });
}

/** The names that are defined; where any kind may answer, the base and the router too. */
function whoAnswers(value: unknown, kinds: NameKind[]): string[] {
  return [...definedNames(value, kinds), ...impliedNames(kinds)];
}

function definedNames(value: unknown, kinds: NameKind[]): string[] {
  return nameUses(value)
    .filter(u => u.isDefinition && kinds.includes(u.kinds[0]!))
    .map(u => u.name);
}

function at(value: unknown, path: JSONPath): unknown {
  return path.reduce<unknown>((v, part) => (v as Record<PropertyKey, unknown> | null | undefined)?.[part], value);
}
