import { findNodeAtOffset, getNodePath, getNodeValue, type JSONPath } from 'jsonc-parser';
import { setAside } from '../../data/setAside.ts';
import { methodParts } from '../../nn/merge/mergeMethods.ts';
import { baseTensors } from '../../nn/model/layout.ts';
import { bytes, count, duration, significant } from '../../text/numbers.ts';
import { codeSpan, inMarkdown, shortened } from '../../text/shown.ts';
import { namesAt } from '../names.ts';
import type { RecipeReading } from '../parse.ts';
import type { Recipe } from '../schema.ts';
import { type Schema, schemasAt } from '../schemaTree.ts';
import { mergeWeightsOf, readingOf } from '../settings.ts';
import { type DataUse, dataUses } from './dataProblems.ts';
import {
  type ExpertFigures,
  expertFigures,
  figuresOfExperts,
  scalingText,
  sizeText,
  stepsText,
} from './expertFigures.ts';
import { known, type RecipeWorld } from './recipeWorld.ts';

/** Experts that a hover lists. */
const mostLines = 20;

export interface Hover {
  range: { start: number; end: number };
  /** Markdown, a paragraph each. */
  paragraphs: string[];
}

/** The hover of the part of a recipe at an offset: what the key means, and the figures computed from it. */
export function hoverAt({ root, parts }: RecipeReading, offset: number, world: RecipeWorld): Hover | undefined {
  const node = root && findNodeAtOffset(root, offset);
  if (!node || node.type === 'object' || node.type === 'array') return undefined;
  const path = getNodePath(node);
  const on = node.parent?.type === 'property' && node.parent.children![0] === node ? 'key' : 'value';
  const [schema] = schemasAt(path, getNodeValue(root));
  const paragraphs = [
    schema && describe(path, schema, on === 'value' ? node.value : undefined),
    ...(parts ? figures(path, on, node.value, parts, world) : []),
  ].filter(text => text !== undefined);
  if (paragraphs.length === 0) return undefined;
  return { range: { start: node.offset, end: node.offset + node.length }, paragraphs };
}

function describe(path: JSONPath, schema: Schema, value: unknown): string | undefined {
  const sentence = schema.enumDescriptions?.[schema.enum?.indexOf(value) ?? -1];
  const preset = schema.default === undefined ? '' : ` Default: \`${JSON.stringify(schema.default)}\`.`;
  const text = `${schema.description ?? ''}${isSmall(schema.default) ? preset : ''}`;
  const title = typeof path.at(-1) === 'string' ? `**${inMarkdown(shortened(String(path.at(-1))))}** ` : '';
  const said = sentence ? `${text}\n\n\`${value}\`: ${sentence}` : text;
  return said ? `${title}${said}` : undefined;
}

/** Whether a default is short enough to be shown. */
function isSmall(value: unknown): boolean {
  return typeof value !== 'object' || JSON.stringify(value).length <= 20;
}

function figures(path: JSONPath, on: 'key' | 'value', value: unknown, recipe: Recipe, world: RecipeWorld): string[] {
  const [first, second, third] = path;
  const name = on === 'key' ? path.at(-1) : value;
  const use = namesAt(path, on);
  if (use?.kinds.includes('expert') && recipe.experts[String(name)]) {
    const weights = weightsAround(path, recipe);
    return [...expertText(recipe, String(name), world), ...(weights ? weightsText(weights, recipe, world) : [])];
  }
  if (use?.kinds[0] === 'blend') return weightsText(recipe.blends[String(name)] ?? {}, recipe, world);
  if (use?.kinds.includes('merge')) return mergeText(String(name), recipe, world);
  if (first === 'experts' && third === 'lora') return expertText(recipe, String(second), world);
  if (first === 'experts' && third === 'training') return trainingText(recipe, String(second), world);
  if (first === 'lora' || first === 'training') return everyExpert(recipe, world, first);
  if (first === 'base' && path.length === 1) return baseText(world);
  const data = dataUses(recipe).find(use => use.path.length === path.length && use.path.every((p, i) => p === path[i]));
  if (data?.role === 'train') return trainingText(recipe, String(second), world);
  if (data) return dataText(data, world);
  if (first === 'experts' && third === 'data' && path.length === 4 && path[3] === 'validation')
    return validationText(recipe, String(second), world);
  const weights = on === 'value' ? weightsAround(path, recipe) : undefined;
  return weights ? weightsText(weights, recipe, world) : [];
}

function expertText(recipe: Recipe, name: string, world: RecipeWorld): string[] {
  const expert = expertFigures(recipe, name, world);
  if (!expert) return [];
  const size = sizeText(expert);
  const layers = expert.layers === undefined ? '' : ` on ${expert.layers} layers`;
  const factors = `**${inMarkdown(name)}**: rank ${expert.rank}${layers}${size ? `, ${size}` : ''}; ${scalingText(expert)}`;
  return [factors, ...trainingLines(expert)];
}

function trainingText(recipe: Recipe, name: string, world: RecipeWorld): string[] {
  const expert = expertFigures(recipe, name, world);
  return expert ? trainingLines(expert) : [];
}

function trainingLines({ training, autoRate }: ExpertFigures): string[] {
  const rate = autoRate === undefined ? [] : [`learning rate ${autoRate} (auto)`];
  if (!training) return rate;
  const { tokensPerEpoch: tokens, seconds, isGuess } = training;
  const from = isGuess ? 'guessed from the processor until something is trained' : 'at the speed of the last training';
  const time = seconds ? `, about ${duration(seconds)} ${from}` : '';
  const size = tokens ? `, about ${count(Number(tokens.toPrecision(3)))} tokens per epoch` : '';
  return [[`${stepsText(training)}${size}${time}`, ...rate].join('; ')];
}

/** A line for each expert, with the figures that a setting of all of them results in. */
function everyExpert(recipe: Recipe, world: RecipeWorld, group: 'lora' | 'training'): string[] {
  const names = Object.keys(recipe.experts);
  const lines = names.slice(0, mostLines).flatMap(name => {
    const text = group === 'lora' ? expertText(recipe, name, world)[0] : trainingText(recipe, name, world)[0];
    return text ? [group === 'lora' ? `- ${text}` : `- **${inMarkdown(name)}**: ${text}`] : [];
  });
  if (lines.length === 0) return [];
  return [
    [...lines, ...(names.length > mostLines ? [`- and ${count(names.length - mostLines)} more`] : [])].join('\n'),
  ];
}

/** The table of weights that a path lies in. */
function weightsAround(path: JSONPath, recipe: Recipe): Record<string, number> | undefined {
  const [first, second, third] = path;
  if (first === 'blends' && path.length === 3) return recipe.blends[String(second)];
  if (first === 'merges' && third === 'weights') return recipe.merges[String(second)]?.weights;
  const step = first === 'steps' ? recipe.steps[Number(second)] : undefined;
  return step?.do === 'ask' && third === 'weights' ? step.weights : undefined;
}

function weightsText(weights: Record<string, number>, recipe: Recipe, world: RecipeWorld): string[] {
  const entries = Object.entries(weights);
  const sum = entries.reduce((all, [, w]) => all + Math.abs(w), 0);
  if (sum === 0) return [];
  const rows = entries.slice(0, mostLines).map(([name, weight]) => {
    const scaling = expertFigures(recipe, name, world)?.scaling;
    const share = `${Math.round((100 * Math.abs(weight)) / sum)} %`;
    const gate =
      scaling === undefined
        ? ''
        : `${significant(weight)} · ${significant(scaling)} = ${significant(weight * scaling)}`;
    return `| ${inMarkdown(shortened(name))} | ${significant(weight)} | ${share} | ${gate} |`;
  });
  if (entries.length > mostLines) rows.push(`| and ${count(entries.length - mostLines)} more | | | |`);
  return [['| expert | weight | share | weight · scaling |', '| --- | --- | --- | --- |', ...rows].join('\n')];
}

function mergeText(name: string, recipe: Recipe, world: RecipeWorld): string[] {
  const merge = recipe.merges[name];
  if (!merge) return [];
  const figuresOf = figuresOfExperts(recipe, world);
  const weights = mergeWeightsOf(recipe, name);
  const experts = Object.entries(weights).flatMap(([expert, weight]) => {
    const figures = weight === 0 ? undefined : figuresOf(expert);
    return figures ? [figures] : [];
  });
  const ranks = experts.map(e => e.rank);
  const parts = methodParts[merge.method];
  const rank =
    parts.on === 'stack' || parts.on === 'data'
      ? ranks.reduce((a, b) => a + b, 0)
      : (parts.on === 'delta' && merge.rank) || ranks.reduce((a, b) => Math.max(a, b), 0);
  const isComplete = experts.length === Object.values(weights).filter(w => w !== 0).length && experts.length > 0;
  return [
    ...(isComplete ? [`Merged by \`${merge.method}\` into rank ${rank}`] : []),
    ...weightsText(weights, recipe, world),
  ];
}

function baseText(world: RecipeWorld): string[] {
  const base = known(world.base);
  if (!base) return [];
  const { config } = base;
  const parameters = [...baseTensors(config).values()].reduce((n, shape) => n + shape.reduce((a, b) => a * b, 1), 0);
  const hash = base.hash ? `\n\nSHA-256 of its weights: ${codeSpan(`${base.hash.slice(0, 16)}…`)}` : '';
  return [
    `${inMarkdown(shortened(config.architecture))}, ${count(parameters)} parameters (${bytes(4 * parameters)} in F32), ${config.layers} layers of width ${config.dim}, context of ${count(config.maxLength)} tokens${hash}`,
  ];
}

/** How many examples a share sets aside. */
function validationText(recipe: Recipe, name: string, world: RecipeWorld): string[] {
  const data = recipe.experts[name]?.data;
  if (typeof data?.validation !== 'number') return [];
  const all = known(world.data(data.train, readingOf(data)))?.examples;
  return all ? [`${count(setAside(all, data.validation))} of ${count(all)} examples are set aside`] : [];
}

function dataText({ file, reading }: DataUse, world: RecipeWorld): string[] {
  const examples = known(world.data(file, reading))?.examples;
  return examples === undefined ? [] : [`${count(examples)} examples`];
}
