import { type Base, graphConfig } from '../../experiment/base.ts';
import type { ExpertState } from '../../experiment/checkpoints.ts';
import { hashName, initFactors } from '../../nn/lora/initFactors.ts';
import type { BaseConfig } from '../../nn/model/config.ts';
import { firstPosition, longTextsAbove } from '../../nn/model/rope.ts';
import { Random } from '../../nn/tensor/random.ts';
import { hyperNames } from '../../nn/train/adamw.ts';
import type { Batch } from '../../nn/train/assembleBatch.ts';
import { buildNormGraph } from '../../nn/train/normGraph.ts';
import {
  graphPlaces,
  packsWeights,
  type SessionGraphOptions,
  sessionGraph,
  updateGraph,
} from '../../nn/train/sessionGraph.ts';
import {
  biasLayers,
  dropoutSites,
  expertGroup,
  groupSize,
  magnitudeName,
  normsInput,
  type TrainedExpert,
  type TrainPhase,
} from '../../nn/train/trainGraph.ts';
import type { TrainBackend } from '../../nn/train/trainLoop.ts';
import type { Device } from '../../protocol/device.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { giveWay } from '../runtime/precedence.ts';
import { readWeights } from '../runtime/readWeights.ts';
import {
  createSession,
  type Feeds,
  floats,
  int64s,
  readFloats,
  readTensor,
  releaseTensors,
  type Session,
} from '../runtime/session.ts';

export interface TrainSessions extends TrainBackend {
  /** On the CPU, the arrays that the next steps write into. */
  state(expert: string): Promise<ExpertState>;
  dispose(): Promise<void>;
}

export interface TrainSessionOptions extends Omit<SessionGraphOptions, 'config' | 'tensors'> {
  base: Base;
  experts: (TrainedExpert & { seed: number; dropout: number })[];
  threads: number;
  /** The CPU without it. */
  device?: Device;
  from?: Map<string, ExpertState>;
}

/**
 * Compiles the graphs of a training run; holds parameters, moments and gradients between steps. Each execution gives way to
 * what somebody waits for.
 */
export async function openTrainSessions(o: TrainSessionOptions): Promise<TrainSessions> {
  const { base, experts } = o;
  const dropout = experts.some(e => e.dropout > 0);
  const places = graphPlaces(o);
  const sizes = new Map(experts.map(e => [e.name, groupSize(expertGroup(base.config, e))]));
  const resident = places.flatMap(p => ['', '.m', '.v', '.sum'].map(part => p.name + part));
  const graphs = { ...o, config: graphConfig(base), tensors: base.tensors };
  const sessionOptions = {
    folder: base.folder,
    threads: o.threads,
    device: o.device,
    resident,
    varyingShapes: true,
    // Products with weights in few bits are slower without packing.
    packsWeights: o.arithmetic === 'int8' || base.quantization !== undefined || packsWeights(base.config),
  };
  const compile = (phase: TrainPhase) => createSession(sessionGraph(graphs, phase), sessionOptions);
  /** Of the places whose experts have magnitudes; on the CPU, which reads stored weights of every type. */
  const normSessions = new Map<string, Session>();
  for (const place of places) {
    const session = await openNormSession(base, place, o.threads);
    if (session) normSessions.set(place.name, session);
  }
  /** Losses and gradients of a batch, with the update or with sums that `updateSession` reads. */
  const batchSession = await compile(o.accumulates ? 'accumulate' : 'step');
  const updateSession = o.accumulates ? await createSession(updateGraph(graphs), sessionOptions) : undefined;
  let evaluateSession: Session | undefined;

  const placeOf = (name: string): string => (o.inTurn ? places[0]!.name : name);
  /** ‖W + scaling · B · A‖ of an expert's layers, row by row; undefined for one without magnitudes. */
  const norms = (place: string) => {
    const session = normSessions.get(place);
    if (!session) return undefined;
    return async (factors: Feeds[string]) => normsOf(session, await readTensor(factors));
  };
  /** By expert, until its next step. */
  const knownNorms = new Map<string, Feeds[string]>();
  const normFeeds = async (batch: Batch): Promise<Feeds> => {
    const feeds: Feeds = {};
    for (const { place, name } of seated(batch)) {
      const compute = norms(place);
      if (!compute) continue;
      const known = knownNorms.get(name) ?? (await compute(current[name]!));
      knownNorms.set(name, known);
      feeds[normsInput(place)] = known;
    }
    return feeds;
  };

  /** Parameters and moments, and tensors of the same shapes that the next step writes into. */
  const current: Feeds = {};
  const spare: Feeds = {};
  const best = new Map<string, Float32Array>();
  const zeros = (name: string) => floats(new Float32Array(sizes.get(name)!), [sizes.get(name)!]);
  for (const e of experts) {
    const size = sizes.get(e.name)!;
    const from = o.from?.get(e.name);
    const parameter = from?.parameter ?? (await firstParameters(base, e, normSessions.get(placeOf(e.name))));
    if (parameter.length !== size)
      throw new WorkbenchError(
        'mismatch',
        `the checkpoint of '${e.name}' holds ${parameter.length} numbers, its settings imply ${size}`,
        'Train anew without --resume, or restore the settings.',
      );
    const parts = { '': parameter, '.m': from?.m ?? new Float32Array(size), '.v': from?.v ?? new Float32Array(size) };
    for (const [part, data] of Object.entries(parts)) {
      // Copied, because the runtime writes into these tensors and must not change the caller's arrays.
      current[e.name + part] = floats(data.slice(), [size]);
      spare[e.name + part] = zeros(e.name);
    }
    best.set(e.name, from?.best ?? parameter);
  }
  /** Gradients accumulated since the expert's last step. */
  const sums: Feeds = o.accumulates ? Object.fromEntries(experts.map(e => [`${e.name}.sum`, zeros(e.name)])) : {};
  const replaceSum = (name: string, sum: Feeds[string]) => {
    releaseTensors({ old: sums[`${name}.sum`]! });
    sums[`${name}.sum`] = sum;
  };

  /** Which expert takes which of the graph's places for a batch. */
  const seated = (batch: Batch): { place: string; name: string }[] =>
    o.inTurn
      ? [{ place: places[0]!.name, name: experts[onlyExpert(batch)]!.name }]
      : experts.map(e => ({ place: e.name, name: e.name }));
  const feedsOf = (batch: Batch, state: Feeds, parts: string[]): Feeds =>
    Object.fromEntries(
      seated(batch).flatMap(({ place, name }) => parts.map(part => [place + part, state[name + part]!])),
    );
  const inputs = (batch: Batch): Feeds =>
    batchFeeds(o.inTurn ? ofExpert(batch, onlyExpert(batch)) : batch, base.config);
  const masks = (batch: Batch, seed: number): Feeds => (dropout ? dropoutMasks(o, batch, seed) : {});
  /** One number for each place of the graph → one for each expert, 0 for experts without a place. */
  const perExpert = (batch: Batch, values: ArrayLike<number>): number[] => {
    const at = new Map(seated(batch).map(({ name }, i) => [name, values[i]!]));
    return experts.map(e => at.get(e.name) ?? 0);
  };

  /** What the batch session reads besides optimiser state. */
  const fed = async (batch: Batch, seed: number): Promise<Feeds> => ({
    ...inputs(batch),
    ...masks(batch, seed),
    ...(await normFeeds(batch)),
    ...feedsOf(batch, current, ['']),
  });
  const accumulate = async (batch: Batch, seed: number): Promise<number[]> => {
    await giveWay();
    const out = await batchSession.run({ ...(await fed(batch, seed)), ...feedsOf(batch, sums, ['.sum']) });
    for (const { place, name } of seated(batch)) replaceSum(name, out[`${place}.sum.out`]!);
    return perExpert(batch, readFloats(out.losses!));
  };

  return {
    accumulate,

    async step(batch, seed, hyper) {
      const idle = new Float32Array(hyperNames.length).fill(1);
      const rates = Object.fromEntries(
        seated(batch).map(({ place, name }) => [
          `${place}.hyper`,
          floats(hyper.get(name) ?? idle, [hyperNames.length]),
        ]),
      );
      const parts = ['', '.m', '.v'];
      const fetches = Object.fromEntries(
        Object.entries(feedsOf(batch, spare, parts)).map(([name, tensor]) => [`${name}.out`, tensor]),
      );
      let losses: number[];
      let out: Feeds;
      if (updateSession) {
        losses = await accumulate(batch, seed);
        out = await updateSession.run(
          { ...feedsOf(batch, current, parts), ...feedsOf(batch, sums, ['.sum']), ...rates },
          fetches,
        );
        for (const { name } of seated(batch)) replaceSum(name, zeros(name));
      } else {
        await giveWay();
        const moments = feedsOf(batch, current, ['.m', '.v']);
        out = await batchSession.run({ ...(await fed(batch, seed)), ...moments, ...rates }, fetches);
        losses = perExpert(batch, readFloats(out.losses!));
      }
      // Experts that take no step keep their tensors; their new values stay in the spare ones, and nothing reads them.
      for (const name of hyper.keys()) {
        knownNorms.delete(name);
        for (const part of parts) {
          const key = name + part;
          [current[key], spare[key]] = [spare[key]!, current[key]!];
        }
      }
      const ofGradients = perExpert(batch, readFloats(out.norms!));
      return {
        losses,
        norms: new Map(experts.map((e, i) => [e.name, ofGradients[i]!])),
      };
    },

    async evaluate(batch) {
      await giveWay();
      evaluateSession ??= await compile('evaluate');
      const fed = { ...inputs(batch), ...(await normFeeds(batch)) };
      const out = await evaluateSession.run({ ...fed, ...feedsOf(batch, current, ['']) });
      return perExpert(batch, readFloats(out.losses!));
    },

    async keepBest(expert) {
      // Copied: the next steps write into these tensors.
      best.set(expert, (await readTensor(current[expert]!)).slice());
    },

    state: async expert => ({
      parameter: await readTensor(current[expert]!),
      m: await readTensor(current[`${expert}.m`]!),
      v: await readTensor(current[`${expert}.v`]!),
      best: best.get(expert)!,
    }),

    async dispose() {
      for (const tensors of [current, spare, sums]) releaseTensors(tensors);
      for (const s of [batchSession, updateSession, evaluateSession, ...normSessions.values()]) await s?.dispose();
    },
  };
}

/** What computes ‖W + scaling · B · A‖ of an expert's layers; undefined for one without magnitudes. */
async function openNormSession(
  base: Base,
  { dora, ...expert }: TrainedExpert,
  threads: number,
): Promise<Session | undefined> {
  if (!dora) return undefined;
  const graph = buildNormGraph(graphConfig(base), base.tensors, { ...expert, dora });
  return createSession(graph, { folder: base.folder, threads });
}

async function normsOf(session: Session, factors: Float32Array): Promise<Feeds[string]> {
  return (await session.run({ factors: floats(factors, [factors.length]) })).norms!;
}

/** The factors with which an expert's training begins where it starts from no adapter: a flat vector of its group. */
export async function freshFactors(
  base: Base,
  expert: TrainedExpert & { seed: number },
  threads: number,
): Promise<Float32Array> {
  const session = await openNormSession(base, expert, threads);
  try {
    return await firstParameters(base, expert, session);
  } finally {
    await session?.dispose();
  }
}

/** Fresh factors; magnitudes are the norms of the base's rows, because B is zero, and biases those of the base. */
async function firstParameters(
  base: Base,
  expert: TrainedExpert & { seed: number },
  norms: Session | undefined,
): Promise<Float32Array> {
  const { tensors } = expertGroup(base.config, expert);
  const flat = initFactors(tensors, expert.seed);
  const biased = biasLayers(base.config, expert);
  const biases = await readWeights(
    base,
    biased.map(l => `${l.path}.bias`),
  );
  let end = flat.length;
  for (const { path, out } of biased.toReversed()) flat.set(biases.get(`${path}.bias`)!, (end -= out));
  if (!norms) return flat;
  const magnitudes = readFloats(await normsOf(norms, flat));
  const isMagnitude = new Set(expert.targets.map(magnitudeName));
  let [at, from] = [0, 0];
  for (const { name, shape } of tensors) {
    const size = shape.reduce((a, b) => a * b, 1);
    if (isMagnitude.has(name)) flat.set(magnitudes.subarray(from, (from += size)), at);
    at += size;
  }
  return flat;
}

/** The index of the expert that a batch's rows belong to. */
function onlyExpert(batch: Batch): number {
  return batch.gate.findIndex(g => g !== 0);
}

/** The batch as a graph with a single place reads it. */
function ofExpert(batch: Batch, expert: number): Batch {
  const experts = batch.gate.length / batch.rows;
  const column = (data: Float32Array) => data.filter((_, i) => i % experts === expert);
  return { ...batch, gate: column(batch.gate), lossWeights: column(batch.lossWeights) };
}

function batchFeeds(b: Batch, c: BaseConfig): Feeds {
  const experts = b.gate.length / b.rows;
  return {
    ...textFeeds(b, c),
    gate: floats(b.gate, [b.rows, experts]),
    ...lossFeeds(b),
  };
}

/** The labels of a batch, and what each counts in each of the losses. */
export function lossFeeds({ lossRows, labels, lossWeights }: Batch): Feeds {
  return {
    lossRows: int64s(lossRows, [lossRows.length]),
    labels: int64s(labels, [labels.length]),
    lossWeights: floats(lossWeights, [labels.length, lossWeights.length / labels.length]),
  };
}

/** The texts of a batch, as every forward pass over whole rows reads them. */
export function textFeeds({ ids, rows, length, lengths }: Batch, c: BaseConfig): Feeds {
  const first = lengths.map(length => firstPosition(c, length));
  return {
    ...(longTextsAbove(c) === undefined ? {} : { firstPositions: int64s(first, [rows, 1]) }),
    ids: int64s(ids, [rows, length]),
  };
}

/**
 * Inverted dropout (Srivastava et al. 2014) on what the adapters read: 0, or 1 / (1 − p) with the row's expert's p.
 * Each row has numbers of its own, so that an expert's masks are the same whoever shares the batch.
 */
function dropoutMasks(o: TrainSessionOptions, batch: Batch, seed: number): Feeds {
  const counts = o.experts.map(() => 0);
  const rows = Array.from({ length: batch.rows }, (_, row) => {
    const index = o.experts.findIndex((_, i) => batch.gate[row * o.experts.length + i] !== 0);
    const expert = o.experts[index];
    return { dropout: expert?.dropout ?? 0, key: `${seed}:${expert?.name}:${counts[index]!++}` };
  });
  return Object.fromEntries(
    dropoutSites(o.base.config).map(site => {
      const perRow = batch.length * site.size;
      const mask = new Float32Array(batch.rows * perRow);
      for (const [row, { dropout, key }] of rows.entries()) {
        const random = new Random(hashName(`${key}:${site.name}`));
        const keep = 1 / (1 - dropout);
        const threshold = dropout * 4294967296;
        for (let i = row * perRow; i < (row + 1) * perRow; i++) mask[i] = random.uint32() < threshold ? 0 : keep;
      }
      return [site.name, floats(mask, [batch.rows * batch.length, site.size])];
    }),
  );
}
