import { parseTree } from 'jsonc-parser';
import { curvesOf } from '../../nn/train/trainHistory.ts';
import type { CheckOutput, EvaluateOutput, TrainOutput } from '../../protocol/notebookOutput.ts';
import type { Report } from '../../protocol/report.ts';
import type { RunProgress } from '../../protocol/runRecord.ts';
import type { RunState } from '../../protocol/runState.ts';
import type { TrainEvent } from '../../protocol/trainEvents.ts';
import type { TrainingPlace } from '../../protocol/trainingPlace.ts';
import { scoreGrid } from '../../report/scoreGrid.ts';
import { placeName } from '../../text/trainingPlace.ts';
import { readRecipe } from '../parse.ts';

/** Most points of a curve; a cell is too small to show more. */
const mostPoints = 300;

/** The part of a run that a cell shows. */
export interface ShownRun {
  state: RunState;
  experts: readonly string[];
  on?: TrainingPlace;
  events: readonly TrainEvent[];
  progress?: RunProgress;
}

export function trainOutput({ state, experts, on, events, progress }: ShownRun): TrainOutput {
  const last = events.findLast(event => event.type === 'step');
  const isRunning = state === 'running' && last !== undefined;
  return {
    kind: 'train',
    state,
    experts: experts.length > 0 ? [...experts] : Object.keys(last?.experts ?? {}),
    ...(on && { on: placeName(on) }),
    step: last?.step ?? 0,
    steps: last?.steps ?? 0,
    tokensPerSecond: last?.tokensPerSecond,
    secondsLeft: isRunning ? last.secondsLeft : undefined,
    message: last ? undefined : progress?.message,
    curves: curvesOf(thinned(events)),
  };
}

/** All validations, and as many steps as a cell can show, first and last among them. */
function thinned(events: readonly TrainEvent[]): TrainEvent[] {
  const steps = events.filter(event => event.type === 'step');
  const every = Math.ceil(steps.length / mostPoints);
  const shown = new Set<TrainEvent>(steps.filter((_, i) => i % every === 0 || i === steps.length - 1));
  return events.filter(event => event.type === 'validation' || shown.has(event));
}

/** What a report says of sets and systems. */
export function evaluateOutput(report: Pick<Report, 'sets' | 'scores'>, path: string): EvaluateOutput {
  return {
    kind: 'evaluate',
    state: 'done',
    sets: report.sets.map(({ name, expert, examples }) => ({ name, expert, examples })),
    rows: scoreGrid(report).map(({ system, kind, cells }) => ({
      system,
      kind,
      cells: cells.map(cell => {
        if (!cell) return null;
        const { correct, total, low, high } = cell;
        return { correct, total, low, high };
      }),
    })),
    path,
  };
}

/** The output of a definition's cell: its values with their defaults, or its problems. */
export function checkDefinition(recipeText: string, cellText: string): CheckOutput {
  const keys = (parseTree(`{${cellText}\n}`, [], { allowTrailingComma: true })?.children ?? []).map(property =>
    String(property.children?.[0]?.value),
  );
  const { parts, problems } = readRecipe(recipeText);
  const isHere = (where: string) =>
    keys.some(key => where === key || where.startsWith(`${key}.`) || where.startsWith(`${key}[`));
  return {
    kind: 'check',
    problems: problems.filter(p => isHere(p.where)).map(p => p.message),
    values: Object.fromEntries(keys.map(key => [key, parts?.[key as keyof typeof parts]])),
  };
}
