import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { pairedDifference } from '../../evaluation/metrics.ts';
import { readText } from '../../experiment/files.ts';
import { recipeEnding, reportFile } from '../../experiment/paths.ts';
import { readExperimentPaths } from '../../experiment/readExperimentPaths.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { Report, ReportScore } from '../../protocol/report.ts';
import { parseReport } from '../../report/parseReport.ts';
import { share } from '../../report/scoreGrid.ts';
import { percent, signedPoints } from '../../text/numbers.ts';
import { defineTool, reads, type ToolCall } from '../tool.ts';

const reportInput = z.string().min(1).describe('A recipe, whose last report is meant, or the path of a report.json.');

const compared = z.object({
  set: z.string(),
  from: z.string(),
  to: z.string(),
  before: z.number(),
  after: z.number(),
  difference: z.number(),
  /** The 95 % interval, where both answered the same questions. */
  low: z.number().optional(),
  high: z.number().optional(),
});

export const compare = defineTool({
  name: 'compare',
  title: 'Compare reports or systems',
  description:
    'Compares scores set by set, question by question where both answered the same: two systems of one report ("systems": ["base", "math"]), or what is in two reports (the one before the last of a recipe without "with").',
  input: z.strictObject({
    report: reportInput,
    with: reportInput.optional().describe('What it is compared with: an earlier report, or that of another recipe.'),
    systems: z
      .tuple([z.string(), z.string()])
      .optional()
      .describe("Two systems of the one report: 'base', 'routed', an expert, a blend, a merge or a control."),
  }),
  output: z.object({ comparisons: z.array(compared) }),
  annotations: reads,

  async run({ report: given, with: other, systems }, call) {
    const report = await readReport(await reportPath(call, given));
    const pairs = systems
      ? pairsOfSystems(report, systems)
      : pairsOfReports(
          await readReport(other ? await reportPath(call, other) : await earlierPath(call, given)),
          report,
        );
    if (pairs.length === 0)
      throw new WorkbenchError('notFound', 'nothing was measured in both', `There are: ${systemsOf(report)}.`);
    const comparisons = pairs.map(([from, to]) => comparison(from, to));
    return { text: comparisons.map(comparisonLine).join('\n'), data: { comparisons } };
  },
});

type Pair = [from: ReportScore, to: ReportScore];

function pairsOfSystems({ scores }: Report, [from, to]: [string, string]): Pair[] {
  const of = (system: string) => scores.filter(score => score.system === system);
  return of(from).flatMap(a => of(to).flatMap((b): Pair[] => (a.set === b.set ? [[a, b]] : [])));
}

function pairsOfReports(before: Report, after: Report): Pair[] {
  return after.scores.flatMap((to): Pair[] => {
    const from = before.scores.find(s => s.kind === to.kind && s.system === to.system && s.set === to.set);
    return from ? [[from, to]] : [];
  });
}

function comparison(from: ReportScore, to: ReportScore): z.infer<typeof compared> {
  const [before, after] = [share(from), share(to)];
  const known = { set: to.set, from: from.system, to: to.system, before, after, difference: after - before };
  const [a, b] = [from.right, to.right];
  // Of questions that are not the same in number nothing is known one by one.
  if (a === undefined || b === undefined || a.length !== b.length || a.length < 2) return known;
  const ones = Array.from(a, () => 1);
  const { low, high } = pairedDifference(Array.from(a, Number), Array.from(b, Number), ones);
  return { ...known, low, high };
}

function comparisonLine({ set, from, to, before, after, difference, low, high }: z.infer<typeof compared>): string {
  const who = from === to ? to : `${from} → ${to}`;
  const noise =
    low === undefined || high === undefined
      ? ''
      : `, 95 % interval ${signedPoints(low)} to ${signedPoints(high)}: ${low > 0 ? 'better' : high < 0 ? 'worse' : 'within noise'}`;
  return `${set}: ${who}: ${percent(before)} → ${percent(after)} (${signedPoints(difference)} points${noise})`;
}

const systemsOf = ({ scores }: Report) => [...new Set(scores.map(s => s.system))].join(', ');

async function readReport(path: string): Promise<Report> {
  return parseReport(await readText(path, 'the report'), path);
}

async function reportPath({ place }: Pick<ToolCall, 'place'>, given: string): Promise<string> {
  return given.endsWith(recipeEnding) ? (await readExperimentPaths(place(given))).report : place(given);
}

/** The report before the last of a recipe. */
async function earlierPath({ place }: Pick<ToolCall, 'place'>, given: string): Promise<string> {
  const folder = given.endsWith(recipeEnding) ? (await readExperimentPaths(place(given))).earlierReports : undefined;
  const last = folder && (await readdir(folder).catch(() => [])).sort().at(-1);
  if (folder && last) return join(folder, last, reportFile);
  throw new WorkbenchError(
    'notFound',
    `${given} has no earlier report to be compared with`,
    'Name one in "with", or two "systems" of this one.',
  );
}
