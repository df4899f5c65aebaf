import type { JSONPath } from 'jsonc-parser';
import type { RunState } from '../../protocol/runState.ts';
import { nodeAt } from '../nodes.ts';
import type { RecipeReading } from '../parse.ts';
import { keyOf } from '../problem.ts';
import type { RecipeWorld } from './recipeWorld.ts';

/** What can be done with a part of a recipe. */
export type LensAction =
  | 'configure'
  | 'train'
  | 'resume'
  | 'stop'
  | 'ask'
  | 'blend'
  | 'merge'
  | 'measure'
  | 'evaluate'
  | 'report';

/** A line above a part: something to be done, or, without an action, how the last run stands. */
export interface Lens {
  range: { start: number; end: number };
  title: string;
  action?: LensAction;
  /** The part that is meant: an expert, a blend or a merge; without it all. */
  name?: string;
}

/** A run of this recipe, as far as lenses tell of it. */
export interface LensRun {
  kind: 'train' | 'evaluate';
  /** The experts that are trained. */
  experts: readonly string[];
  state: RunState;
  /** How it stands, in a few words; of an expert alone where one is named. */
  text(expert?: string): string;
  hasReport: boolean;
}

type Part = Omit<Lens, 'range'>;

/** The lenses of a recipe; `runs` newest first. */
export function lensesOf({ root, parts }: RecipeReading, runs: readonly LensRun[], world: RecipeWorld): Lens[] {
  if (!root || !parts) return [];
  const above = (path: JSONPath, found: Part[]): Lens[] => {
    const node = nodeAt(root, path);
    if (!node) return [];
    const { offset, length } = keyOf(node);
    return found.map(part => ({ ...part, range: { start: offset, end: offset + length } }));
  };
  /** The last training of each expert. */
  const trainings = new Map<string, LensRun>();
  for (const run of runs)
    for (const name of run.kind === 'train' ? run.experts : []) if (!trainings.has(name)) trainings.set(name, run);
  const hasSets = Object.keys(parts.evaluation.sets).length > 0;
  const trainable = Object.keys(parts.experts).filter(name => parts.experts[name]!.data);
  return [
    ...above(
      ['experts'],
      trainable.length > 0
        ? [{ title: 'Open Training View', action: 'configure' as const }, ...trainAll(trainable)]
        : [],
    ),
    ...Object.entries(parts.experts).flatMap(([name, { data, adapter }]) => {
      const run = trainings.get(name);
      const isTrained = adapter !== undefined || world.trainedOn(name) !== undefined || run?.state === 'done';
      return above(
        ['experts', name],
        [
          ...(isTrained ? [{ title: 'Ask', action: 'ask' as const, name }] : []),
          ...(data ? trainLenses(name, run) : []),
        ],
      );
    }),
    ...Object.keys(parts.blends).flatMap(name =>
      above(['blends', name], [{ title: 'Open Blend', action: 'blend', name }]),
    ),
    ...Object.keys(parts.merges).flatMap(name =>
      above(
        ['merges', name],
        [
          { title: 'Merge', action: 'merge', name },
          // Where there is something to measure on.
          ...(hasSets ? [{ title: 'Measure', action: 'measure' as const, name }] : []),
        ],
      ),
    ),
    ...above(['evaluation'], evaluationLenses(runs)),
  ];
}

function trainAll(experts: readonly string[]): Part[] {
  return experts.length > 1 ? [{ title: 'Train All', action: 'train' }] : [];
}

function trainLenses(name: string, run: LensRun | undefined): Part[] {
  if (!run) return [{ title: 'Train', action: 'train', name }];
  if (run.state === 'running') return [{ title: 'Stop', action: 'stop' }, { title: run.text(name) }];
  const canGoOn = ['paused', 'stopped', 'interrupted'].includes(run.state);
  const resume: Part[] = canGoOn ? [{ title: 'Resume', action: 'resume' }] : [];
  return [...resume, { title: canGoOn ? 'Train Anew' : 'Train', action: 'train', name }, { title: run.text(name) }];
}

function evaluationLenses(runs: readonly LensRun[]): Part[] {
  const run = runs.find(r => r.kind === 'evaluate');
  const report: Part[] = runs.some(r => r.hasReport) ? [{ title: 'Open Report', action: 'report' }] : [];
  const state: Part[] = run ? [{ title: run.text() }] : [];
  if (run?.state === 'running') return [{ title: 'Stop', action: 'stop' }, ...report, ...state];
  return [{ title: 'Evaluate', action: 'evaluate' }, ...report, ...state];
}
