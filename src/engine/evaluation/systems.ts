import { performanceBlend } from '../../evaluation/performanceBlend.ts';
import { Random } from '../../nn/tensor/random.ts';
import type { Call } from '../../protocol/contract.ts';
import type { WorkProgress } from '../../protocol/engine/source.ts';
import type { Report, ReportExample, ReportScore } from '../../protocol/report.ts';
import type { GenerationSettings } from '../../recipe/schema.ts';
import { tokenRouterOf } from '../../recipe/settings.ts';
import type { Router } from '../../router/router.ts';
import { gateTokens } from '../gating/gateTokens.ts';
import { byToken, type Weights } from '../runtime/adapterBank.ts';
import type { OpenExperiment, Workbench } from '../workbench/workbench.ts';
import { answerSet, domainSets, type GradedAnswer, type HeldOutItem, type LoadedSet, scoreOf } from './answerSet.ts';

/** One way of answering, which is a row of the report's matrix. */
export interface System {
  name: string;
  kind: ReportScore['kind'];
  /** Experts and merges that it may give weight. */
  members: string[];
  weightsOf(item: HeldOutItem): Weights;
}

export interface SystemScores {
  scores: ReportScore[];
  blends: Report['blends'];
  examples: ReportExample[];
}

/** Examples kept for each set and system: as many wrong as right ones where there are. */
const keptExamples = 6;

/** How a recipe's prompts find experts. */
export interface Routing {
  byPrompt: Router;
  /** The weights by which token gates choose, where the recipe routes tokens. */
  byTokens: Weights | undefined;
}

/** A recipe's router; token gates are fitted where they are not yet. */
export async function routingOf(
  workbench: Workbench,
  open: OpenExperiment,
  call: Call<WorkProgress>,
): Promise<Routing> {
  const gates = tokenRouterOf(open.experiment.recipe);
  const byTokens = gates && (await gateTokens(open, gates, workbench, call));
  return { byPrompt: await open.router(), byTokens };
}

/** Every way in which a recipe can answer with what is trained and made; where tokens are routed, by prompt too, beside it. */
export function systemsOf({ experiment: { recipe }, available }: OpenExperiment, routing: Routing): System[] {
  const experts = available.filter(name => name in recipe.experts);
  const merges = available.filter(name => name in recipe.merges);
  const isAvailable = (weights: Weights) => Object.keys(weights).every(name => available.includes(name));
  const blends = Object.entries(recipe.blends).filter(([, weights]) => isAvailable(weights));
  const { byPrompt, byTokens } = routing;
  const ofPrompt: System['weightsOf'] = ({ prompt }) => {
    const { weights } = byPrompt(prompt);
    return isAvailable(weights) ? weights : {};
  };
  const routed = { name: 'routed', kind: 'routed' as const, members: experts };
  return [
    { name: 'base', kind: 'base', members: [], weightsOf: () => ({}) },
    ...experts.map((name): System => ({ name, kind: 'expert', members: [name], weightsOf: () => ({ [name]: 1 }) })),
    { ...routed, weightsOf: byTokens ? () => byTokens : ofPrompt },
    ...(byTokens ? [{ ...routed, name: 'routed by prompt', kind: 'control' as const, weightsOf: ofPrompt }] : []),
    ...blends.map(
      ([name, weights]): System => ({ name, kind: 'blend', members: Object.keys(weights), weightsOf: () => weights }),
    ),
    ...merges.map((name): System => ({ name, kind: 'merge', members: [name], weightsOf: () => ({ [name]: 1 }) })),
  ];
}

/** Every system against every set, and the blend that the scores suggest. */
export async function scoreSystems(
  open: OpenExperiment,
  routing: Routing,
  sets: LoadedSet[],
  settings: GenerationSettings,
  signal: AbortSignal,
  progress: (message: string, done: number, total: number) => void,
): Promise<SystemScores> {
  const { recipe } = open.experiment;
  const systems = systemsOf(open, routing);
  const experts = systems.filter(s => s.kind === 'expert').map(s => s.name);
  const scores: ReportScore[] = [];
  const examples: ReportExample[] = [];
  const questions = sets.reduce((sum, { items }) => sum + items.length, 0);
  const total = (systems.length + (experts.length > 1 ? 2 : 0)) * questions;
  let before = 0;
  /** Answers that were given, by item and weights: what the router sends to an expert alone, that expert has answered. */
  const given = new Map<HeldOutItem, Map<string, GradedAnswer>>();
  const measure = async (system: System) => {
    for (const set of sets) {
      const watch = {
        signal,
        progress: (done: number) => progress(`${system.name} on ${set.name}`, before + done, total),
      };
      const keys = new Map(set.items.map(item => [item, weightsKey(system.weightsOf(item))]));
      const knownOf = (item: HeldOutItem) => given.get(item)?.get(keys.get(item)!);
      const asked = { ...set, items: set.items.filter(item => !knownOf(item)) };
      const { batchSize } = recipe.evaluation;
      for (const answer of await answerSet(open.model, asked, system.weightsOf, settings, batchSize, watch)) {
        const own = given.get(answer.item) ?? new Map<string, GradedAnswer>();
        given.set(answer.item, own.set(keys.get(answer.item)!, answer));
      }
      const answers = set.items.map(item => knownOf(item)!);
      before += answers.length;
      scores.push(scoreOf(system.name, system.kind, set.name, answers));
      if (system.kind === 'routed' || system.name === set.set.expert)
        examples.push(...pickExamples(system, set, answers));
    }
  };
  for (const system of systems) await measure(system);
  if (experts.length > 1) {
    const weights = equalWeights(experts);
    await measure({ name: 'equal weights', kind: 'control', members: experts, weightsOf: () => weights });
    scores.push(...routeControls(sets, experts, scores, recipe.seed));
  }

  const domains = domainSets(sets);
  const counted = new Set((domains.length > 0 ? domains : sets).map(set => set.name));
  const overall = (system: string) => {
    const own = scores.filter(s => s.system === system && counted.has(s.set));
    return own.reduce((sum, s) => sum + s.correct, 0) / own.reduce((sum, s) => sum + s.total, 0);
  };
  const blends = systems
    .filter(s => s.kind === 'blend')
    .map(({ name }): Report['blends'][number] => {
      return { name, weights: recipe.blends[name]!, source: 'recipe' };
    });
  if (experts.length > 1) {
    const weights = performanceBlend(
      experts.map(expert => ({ expert, score: overall(expert) })),
      overall('base'),
    );
    if (Object.values(weights).some(w => w > 0)) {
      blends.push({ name: 'by score', weights, source: 'scores' });
      await measure({ name: 'by score', kind: 'blend', members: experts, weightsOf: () => weights });
    }
  }
  return { scores, blends, examples };
}

/** The same for weights that are the same, whatever their order and the zeros among them. */
function weightsKey(weights: Weights): string {
  return JSON.stringify(
    Object.entries(weights)
      .filter(([, weight]) => weight !== 0)
      .sort(),
  );
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
    ...(system.kind === 'routed' && !(byToken in system.weightsOf(item)) && { route: system.weightsOf(item) }),
  }));
}

function equalWeights(experts: string[]): Weights {
  return Object.fromEntries(experts.map(name => [name, 1 / experts.length]));
}

/**
 * What a router could reach and what it has to beat, of the answers that the experts gave: each question by its own
 * domain's expert, and each by an expert that is drawn.
 */
function routeControls(
  sets: LoadedSet[],
  experts: string[],
  scores: readonly ReportScore[],
  seed: number,
): ReportScore[] {
  const random = new Random(seed);
  return sets.flatMap(({ name: set, set: { expert: own } }) => {
    const rights = new Map(
      scores.filter(s => s.kind === 'expert' && s.set === set).map(({ system, right }) => [system, right!]),
    );
    const total = rights.get(experts[0]!)!.length;
    const drawn = Array.from({ length: total }, () => experts[random.integer(0, experts.length - 1)]!);
    const route = (system: string, expertOf: (question: number) => string) =>
      scoreOf(
        system,
        'control',
        set,
        drawn.map((_, question) => ({ correct: rights.get(expertOf(question))![question] === '1' })),
      );
    const oracle = own !== undefined && experts.includes(own) ? [route('oracle route', () => own)] : [];
    return [...oracle, route('random route', question => drawn[question]!)];
  });
}
