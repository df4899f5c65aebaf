import type { DescribedExpert, DescribeResult, Loaded } from '../../protocol/engine/experts.ts';
import type { Report, ReportScore } from '../../protocol/report.ts';
import { bytes, count, dateTime, interval, percent } from '../../text/numbers.ts';
import { codeSpan, inMarkdown } from '../../text/shown.ts';
import type { Run } from '../runs/run.ts';
import { percentDone } from '../runs/runText.ts';
import { joined, type TreeRow } from './treeRow.ts';

/** An expert of the active recipe. */
export interface ExpertRef {
  recipe: string;
  expert: string;
  /** Where its adapter lies. */
  folder?: string;
}

export interface KnownOfExperts {
  recipe: string;
  /** They come with the extension; otherwise they are the workspace's. */
  isExample?: boolean;
  described: DescribeResult;
  /** The newest report of the recipe. */
  report?: Pick<Report, 'created' | 'scores' | 'sets'>;
  loaded: Loaded;
  /** Runs of the recipe, newest first. */
  runs: readonly Run[];
}

/** The experts of a recipe: how they are made, how good they are, and whether they are in memory. */
export function expertRows(known: KnownOfExperts): TreeRow<ExpertRef>[] {
  return known.described.experts.map(expert => expertRow(expert, known));
}

function expertRow(expert: DescribedExpert, known: KnownOfExperts): TreeRow<ExpertRef> {
  const { name, domain, adapter, isTrained } = expert;
  const isLoaded = adapter !== undefined && known.loaded.adapters.some(a => a.folder === adapter.folder);
  const training = known.runs.find(run => run.kind === 'train' && run.state === 'running' && isOf(run, name));
  const [score] = ownScores(name, known.report);
  const state = training
    ? `training ${percentDone(training)}`.trim()
    : isTrained
      ? isLoaded && 'loaded'
      : 'not trained';
  const description = joined(
    state,
    known.isExample && 'example',
    domain !== name && domain,
    adapter && `rank ${adapter.rank}`,
    score && percent(accuracy(score)),
    adapter && bytes(adapter.bytes),
  );
  return {
    id: `${known.recipe}#${name}`,
    label: name,
    description,
    tooltip: aboutExpert(expert, isLoaded, known),
    icon: training ? 'loading~spin' : isTrained ? 'mortar-board' : 'circle-large-outline',
    colour: isLoaded && !training ? 'charts.green' : undefined,
    context: [
      'expert',
      isTrained ? 'trained' : 'untrained',
      isLoaded ? 'loaded' : 'unloaded',
      ...(known.isExample ? [] : ownContext(expert, training !== undefined)),
      training ? 'training' : 'idle',
    ],
    spoken: `expert ${name}, ${isTrained && !isLoaded && !training ? 'trained, not loaded, ' : ''}${description.replaceAll(' · ', ', ')}`,
    about: { recipe: known.recipe, expert: name, folder: adapter?.folder },
  };
}

/** What may be done with an expert of the workspace, and not with one that comes with the extension. */
function ownContext({ isTrainable, adapter }: DescribedExpert, isTraining: boolean): string[] {
  return [...(isTrainable ? ['trainable'] : []), ...(adapter?.isOwn && !isTraining ? ['own'] : []), 'measurable'];
}

function aboutExpert(expert: DescribedExpert, isLoaded: boolean, known: KnownOfExperts): string[] {
  const { name, domain, description, adapter, isTrained } = expert;
  const base = adapter?.baseHash ? `, SHA-256 ${codeSpan(adapter.baseHash.slice(0, 12))}` : '';
  return [
    `**${inMarkdown(name)}**${description ? `: ${inMarkdown(description)}` : ''}`,
    `Domain: ${inMarkdown(domain)}`,
    ...(adapter
      ? [
          `Rank ${adapter.rank}, ${bytes(adapter.bytes)} on disk${adapter.steps ? `, ${count(adapter.steps)} steps` : ''}`,
          `Base: ${inMarkdown(known.described.base.name)}${base}`,
          ...scoreLines(name, known),
          isLoaded ? 'Loaded: its factors are in memory.' : 'Not loaded: the first question that needs it loads it.',
        ]
      : [isTrained ? 'Its adapter cannot be read.' : 'Not trained yet.']),
  ];
}

function scoreLines(name: string, { report, runs, isExample }: KnownOfExperts): string[] {
  const scores = ownScores(name, report);
  if (!report || scores.length === 0)
    return isExample ? ['An example that comes with the extension.'] : ['Not measured yet: evaluate the recipe.'];
  const trained = runs.find(run => run.kind === 'train' && run.state === 'done' && isOf(run, name));
  const isOld = trained !== undefined && trained.updatedAt > Date.parse(report.created);
  const when = `measured ${dateTime(report.created.replace(/\.\d+Z$/, 'Z'))}${isOld ? ', **before its last training**' : ''}`;
  return scores.map(
    s => `${percent(accuracy(s))} right (${interval(s)}) of ${count(s.total)} on ${inMarkdown(s.set)}, ${when}`,
  );
}

/** Its scores on the sets of its own domain. */
function ownScores(name: string, report: KnownOfExperts['report']): ReportScore[] {
  const sets = report?.sets.filter(set => set.expert === name).map(set => set.name) ?? [];
  return report?.scores.filter(s => s.kind === 'expert' && s.system === name && sets.includes(s.set)) ?? [];
}

function accuracy({ correct, total }: ReportScore): number {
  return total === 0 ? 0 : correct / total;
}

/** A training that names no experts is of all. */
function isOf({ experts }: Run, name: string): boolean {
  return experts.length === 0 || experts.includes(name);
}
