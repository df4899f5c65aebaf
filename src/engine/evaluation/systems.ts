import { performanceBlend } from '../../core/eval/performanceBlend.ts';
import type { Router } from '../../core/router/router.ts';
import type { GenerationSettings } from '../../shared/recipe.ts';
import type { Report, ReportExample, ReportScore } from '../../shared/report.ts';
import type { Weights } from '../adapterBank.ts';
import type { OpenExperiment } from '../workbench.ts';
import { answerSet, type GradedAnswer, type HeldOutItem, type LoadedSet, scoreOf } from './answerSet.ts';

/** One way of answering: what the matrix has a row for. */
interface System {
  name: string;
  kind: ReportScore['kind'];
  weightsOf(item: HeldOutItem): Weights;
}

export interface SystemScores {
  scores: ReportScore[];
  blends: Report['blends'];
  examples: ReportExample[];
}

/** Examples kept for each set and system: as many wrong as right ones where there are. */
const keptExamples = 6;

/** Every system against every set: the base, each expert, the routed whole, blends, merges, and the blend that the scores suggest. */
export async function scoreSystems(
  open: OpenExperiment,
  router: Router,
  sets: LoadedSet[],
  settings: GenerationSettings,
  signal: AbortSignal,
  progress: (message: string, done: number, total: number) => void,
): Promise<SystemScores> {
  const { recipe } = open.experiment;
  const experts = open.loaded.filter(name => name in recipe.experts);
  const merges = open.loaded.filter(name => name in recipe.merges);
  const ready = Object.entries(recipe.blends).filter(([, w]) =>
    Object.keys(w).every(name => open.loaded.includes(name)),
  );
  const isLoaded = (weights: Weights) => Object.keys(weights).every(name => open.loaded.includes(name));
  const systems: System[] = [
    { name: 'base', kind: 'base', weightsOf: () => ({}) },
    ...experts.map((name): System => ({ name, kind: 'expert', weightsOf: () => ({ [name]: 1 }) })),
    {
      name: 'routed',
      kind: 'routed',
      weightsOf: item => {
        const { weights } = router(item.prompt);
        return isLoaded(weights) ? weights : {};
      },
    },
    ...ready.map(([name, weights]): System => ({ name, kind: 'blend', weightsOf: () => weights })),
    ...merges.map((name): System => ({ name, kind: 'merge', weightsOf: () => ({ [name]: 1 }) })),
  ];
  const scores: ReportScore[] = [];
  const examples: ReportExample[] = [];
  const total = (systems.length + 1) * sets.length;
  const measure = async (system: System) => {
    for (const set of sets) {
      progress(`${system.name} on ${set.name}`, scores.length, total);
      const answers = await answerSet(open.model, set, system.weightsOf, settings, recipe.evaluation.batchSize, signal);
      scores.push(scoreOf(system.name, system.kind, set.name, answers));
      if (system.kind === 'routed' || system.name === set.set.expert)
        examples.push(...pickExamples(system, set, answers));
    }
  };
  for (const system of systems) await measure(system);

  const overall = (system: string) => {
    const own = scores.filter(s => s.system === system);
    return own.reduce((sum, s) => sum + s.correct, 0) / own.reduce((sum, s) => sum + s.total, 0);
  };
  const blends: Report['blends'] = ready.map(([name, weights]) => ({ name, weights, source: 'recipe' }));
  if (experts.length > 1) {
    const weights = performanceBlend(
      experts.map(expert => ({ expert, score: overall(expert) })),
      overall('base'),
    );
    if (Object.values(weights).some(w => w > 0)) {
      blends.push({ name: 'by score', weights, source: 'scores' });
      await measure({ name: 'by score', kind: 'blend', weightsOf: () => weights });
    }
  }
  return { scores, blends, examples };
}

function pickExamples(system: System, set: LoadedSet, answers: GradedAnswer[]): ReportExample[] {
  const half = keptExamples / 2;
  const wrong = answers.filter(a => !a.correct).slice(0, half);
  const right = answers.filter(a => a.correct).slice(0, keptExamples - wrong.length);
  return [...wrong, ...right].map(({ item, got, correct }) => ({
    set: set.name,
    system: system.name,
    prompt: item.prompt,
    expected: item.expected,
    got,
    correct,
    ...(system.kind === 'routed' && { route: system.weightsOf(item) }),
  }));
}
