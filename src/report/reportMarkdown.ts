import type { Report } from '../protocol/report.ts';
import { fitText } from '../text/mergeFit.ts';
import {
  bytes,
  count,
  dateTime,
  interval,
  magnitude,
  milliseconds,
  percent,
  plural,
  points,
  significant,
  weightList,
} from '../text/numbers.ts';
import { advice, controlsOf, differenceText } from './controls.ts';
import { forgettingOf, headlineAccuracy, sequentialSentence, storageSaving } from './findings.ts';
import { generalTextRows, generalTextSentence } from './generalText.ts';
import { scoreGrid, share } from './scoreGrid.ts';

/** The report as Markdown: the headlines and the tables, for an issue or a README. */
export function reportMarkdown(report: Report): string {
  const { recipe, base, experts } = report;
  const parts = [
    `# ${text(recipe.name)}`,
    `${text(base.name)} (${magnitude(base.parameters)} parameters), ${plural(experts.length, 'expert')}, recipe ${text(recipe.path)}, seed ${recipe.seed}, ${text(dateTime(report.created))}.`,
    headlines(report),
    ...section('Accuracy', accuracyTable(report), 'Per cent right on held-out questions, with the 95 % interval.'),
    ...controlsSection(report),
    ...section('Forgetting', forgettingTable(report), sequentialSentence(report)),
    ...generalTextSection(report),
    ...section('Merges', mergeTable(report)),
    ...section('Experts', expertTable(report)),
  ];
  return `${parts.join('\n\n')}\n`;
}

function headlines(report: Report): string {
  const accuracy = headlineAccuracy(report);
  const { answersLost, nothingForgotten, proof } = forgettingOf(report);
  const { figure, unit, sentence } = storageSaving(report);
  const { router, switching } = report;
  const lines = [
    accuracy &&
      `${accuracy.label}: **${percent(accuracy.accuracy.accuracy)}** (${interval(accuracy.accuracy)}), ${accuracy.asked}`,
    `forgotten by the experts: **${nothingForgotten ? 'nothing' : plural(answersLost, 'answer')}** (${proof})`,
    `storage: **${figure} ${unit}**: ${sentence}`,
    router &&
      `router: **${percent(router.accuracy)}** of prompts to the right expert, in ${milliseconds(router.msPerPrompt)}`,
    switching && `changing experts or weights: **${milliseconds(switching.medianMs)}** (median)`,
  ];
  return lines
    .filter(line => line !== undefined)
    .map(line => `- ${line}`)
    .join('\n');
}

/** Nothing for a table without rows. */
function section(heading: string, rows: readonly string[][], note?: string): string[] {
  if (rows.length < 2) return [];
  return [`## ${heading}`, ...(note ? [text(note)] : []), table(rows)];
}

function accuracyTable(report: Report): string[][] {
  const cell = (score: { correct: number; total: number; low: number; high: number } | undefined) =>
    score ? `${points(share(score))} (${interval(score)})` : '–';
  return [
    ['system', ...report.sets.map(({ name }) => name), 'all sets'],
    ...scoreGrid(report).map(({ system, kind, cells, overall }) => [
      system === kind ? system : `${system} (${kind})`,
      ...cells.map(cell),
      cell(overall),
    ]),
  ];
}

function controlsSection(report: Report): string[] {
  const controls = controlsOf(report);
  if (!controls) return [];
  const rows = controls.rows.map(({ system, kind, accuracy, differences }) => [
    system === kind ? system : `${system} (${kind})`,
    points(accuracy),
    ...differences.map(differenceText),
  ]);
  const head = ['system', 'all sets', ...controls.names.map(name => `less ${name}`)];
  return section('What to use', [head, ...rows], advice(report));
}

function forgettingTable({ forgetting }: Report): string[][] {
  return [
    ['expert', 'set', 'trained alone', 'with all others', 'of'],
    ...forgetting.experts.map(e => [e.expert, e.set, count(e.before), count(e.after), count(e.total)]),
  ];
}

function generalTextSection({ forgetting: { generalText } }: Report): string[] {
  if (!generalText) return [];
  const head = ['system', 'loss', 'rise', '95 %'];
  return section('General text', [head, ...generalTextRows(generalText)], generalTextSentence(generalText));
}

function mergeTable({ merges }: Report): string[][] {
  return [
    ['merge', 'method', 'weights', 'rank', 'relative error'],
    ...merges.map(m => [
      m.name,
      m.fit ? `${m.method}, ${fitText(m.fit)}` : m.method,
      weightList(m.weights),
      count(m.rank),
      significant(m.relativeError),
    ]),
  ];
}

function expertTable({ experts }: Report): string[][] {
  return [
    ['expert', 'rank', 'alpha', 'parameters', 'size', 'examples', 'steps', 'best validation loss'],
    ...experts.map(e => [
      e.name,
      count(e.rank),
      significant(e.alpha),
      magnitude(e.parameters),
      bytes(e.bytes),
      count(e.trainExamples),
      count(e.steps),
      significant(e.bestValidationLoss ?? Number.NaN),
    ]),
  ];
}

function table([head, ...body]: readonly string[][]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(text).join(' | ')} |`;
  return [line(head!), line(head!.map(() => '---')), ...body.map(line)].join('\n');
}

/** Names come from files: they must not become markup, links or another column. */
function text(value: string): string {
  return value.replace(/[\\`*_{}[\]<>#|~]/g, '\\$&').replace(/\s+/g, ' ');
}
