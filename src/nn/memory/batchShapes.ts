import type { Batch } from '../train/assembleBatch.ts';
import { type TrainingJob, type TrainLoopOptions, trainLoop } from '../train/trainLoop.ts';

/** One execution of a training graph: B rows of T tokens, M tokens with loss, and how many tokens are no padding. */
export type BatchShape = {
  B: number;
  T: number;
  M: number;
  tokens: number;
};

/** The graph executions of a training's first steps, by phase. */
export interface ExecutionShapes {
  accumulate: BatchShape[];
  step: BatchShape[];
  evaluate: BatchShape[];
  /** The number of steps that these belong to. */
  steps: number;
}

/** Steps that are simulated: an epoch of most data, in less than a second. */
const mostSteps = 500;

/** The shapes of a training's batches: the training loop takes its steps over a backend that computes nothing. */
export async function batchShapes(
  jobs: TrainingJob[],
  { seed, inTurn }: Pick<TrainLoopOptions, 'seed' | 'inTurn'>,
): Promise<ExecutionShapes> {
  const shapes: ExecutionShapes = { accumulate: [], step: [], evaluate: [], steps: 0 };
  const note = (kind: 'accumulate' | 'step' | 'evaluate', b: Batch): void => {
    shapes[kind].push({ B: b.rows, T: b.length, M: b.labels.length, tokens: b.tokens });
  };
  // The loss falls at each validation, so that no expert's patience ends its training.
  let loss = 0;
  const losses = () => jobs.map(() => loss);
  const loop = trainLoop({
    jobs,
    seed,
    inTurn,
    backend: {
      async accumulate(batch) {
        note('accumulate', batch);
        return losses();
      },
      async step(batch) {
        note('step', batch);
        return { losses: losses(), norms: new Map() };
      },
      async evaluate(batch) {
        loss--;
        note('evaluate', batch);
        return losses();
      },
      async keepBest() {},
    },
    async save() {},
    now: () => 0,
    memory: () => 0,
    signal: new AbortController().signal,
  });
  for await (const event of loop) {
    if (event.type === 'step') shapes.steps = event.step;
    if (event.type === 'step' && event.step === mostSteps) break;
  }
  return shapes;
}

/** The share of padding among the positions that a training computes. */
export function paddingShare({ step, accumulate }: Pick<ExecutionShapes, 'step' | 'accumulate'>): number {
  const all = [...step, ...accumulate];
  const positions = all.reduce((sum, { B, T }) => sum + B * T, 0);
  return 1 - all.reduce((sum, { tokens }) => sum + tokens, 0) / positions;
}

/** The shapes that no other exceeds in every size: one of them needs the most memory. */
export function largestShapes<S extends BatchShape>(shapes: readonly S[]): S[] {
  const distinct = [...new Map(shapes.map(s => [`${s.B},${s.T},${s.M}`, s])).values()];
  const exceeds = (a: S, b: S) => a !== b && a.B >= b.B && a.T >= b.T && a.M >= b.M;
  return distinct.filter(s => !distinct.some(other => exceeds(other, s)));
}
