import { hashName, initFactors } from '../core/lora/initFactors.ts';
import { externalWeights } from '../core/model/baseWeights.ts';
import { Random } from '../core/tensor/random.ts';
import { hyperNames } from '../core/train/adamw.ts';
import type { Batch } from '../core/train/assembleBatch.ts';
import {
  buildTrainGraph,
  dropoutSites,
  expertGroup,
  groupSize,
  type TrainedExpert,
  type TrainPhase,
} from '../core/train/trainGraph.ts';
import type { TrainBackend } from '../core/train/trainLoop.ts';
import type { Device } from '../shared/device.ts';
import { WorkbenchError } from '../shared/errors.ts';
import { type Base, graphConfig } from './loadBase.ts';
import {
  createSession,
  type Feeds,
  floats,
  int64s,
  readFloats,
  readTensor,
  releaseTensors,
  type Session,
} from './session.ts';

/** Parameters and optimiser state of one expert, each a flat vector (see expertGroup for the order). */
export interface ExpertState {
  parameter: Float32Array;
  m: Float32Array;
  v: Float32Array;
  best: Float32Array;
}

export interface TrainSessions extends TrainBackend {
  /** On the CPU, the arrays that the next steps write into. */
  state(expert: string): Promise<ExpertState>;
  dispose(): Promise<void>;
}

export interface TrainSessionOptions {
  base: Base;
  experts: (TrainedExpert & { seed: number; dropout: number })[];
  /** Some expert adds up the gradients of several runs. */
  accumulates: boolean;
  threads: number;
  /** Activations are computed again in the backward pass, which saves memory. */
  recompute?: boolean;
  /** The CPU without it. */
  device?: Device;
  from?: Map<string, ExpertState>;
}

/** Compiles the training graphs of a run and keeps its parameters between steps. */
export async function openTrainSessions(o: TrainSessionOptions): Promise<TrainSessions> {
  const { base, experts } = o;
  const dropout = experts.some(e => e.dropout > 0);
  const groups = experts.map(e => expertGroup(base.config, e));
  const resident = experts.flatMap(e => ['', '.m', '.v', '.sum'].map(part => e.name + part));
  const compile = (phase: TrainPhase) =>
    createSession(
      buildTrainGraph({
        config: graphConfig(base),
        experts,
        weights: g => externalWeights(g, base.tensors),
        phase,
        accumulated: phase !== 'evaluate' && o.accumulates,
        dropout: phase !== 'evaluate' && dropout,
        recompute: o.recompute,
      }),
      { folder: base.folder, threads: o.threads, device: o.device, resident, varyingShapes: true },
    );
  const stepSession = await compile('step');
  const sumSession = o.accumulates ? await compile('accumulate') : undefined;
  let evaluateSession: Session | undefined;

  /** Parameters and moments, and tensors of the same shapes that the next step writes into. */
  const current: Feeds = {};
  const spare: Feeds = {};
  const best = new Map<string, Float32Array>();
  for (const [i, e] of experts.entries()) {
    const size = groupSize(groups[i]!);
    const from = o.from?.get(e.name);
    const parameter = from?.parameter ?? initFactors(groups[i]!.tensors, e.seed);
    if (parameter.length !== size)
      throw new WorkbenchError(
        'mismatch',
        `the checkpoint of '${e.name}' holds ${parameter.length} numbers, its settings imply ${size}`,
        'Train anew without --resume, or restore the settings.',
      );
    const parts = { '': parameter, '.m': from?.m ?? new Float32Array(size), '.v': from?.v ?? new Float32Array(size) };
    for (const [part, data] of Object.entries(parts)) {
      // A copy: the runtime writes into these, and the caller's arrays are the caller's.
      current[e.name + part] = floats(data.slice(), [size]);
      spare[e.name + part] = floats(new Float32Array(size), [size]);
    }
    best.set(e.name, from?.best ?? parameter);
  }
  const parameters = (): Feeds => Object.fromEntries(experts.map(e => [e.name, current[e.name]!]));
  const zeroSums = (): Feeds =>
    Object.fromEntries(groups.map(g => [`${g.name}.sum`, floats(new Float32Array(groupSize(g)), [groupSize(g)])]));
  let sums = o.accumulates ? zeroSums() : {};

  const masks = (batch: Batch, seed: number): Feeds => (dropout ? dropoutMasks(o, batch, seed) : {});

  return {
    async accumulate(batch, seed) {
      const out = await sumSession!.run({ ...batchFeeds(batch), ...masks(batch, seed), ...parameters(), ...sums });
      releaseTensors(sums);
      sums = Object.fromEntries(groups.map(g => [`${g.name}.sum`, out[`${g.name}.sum.out`]!]));
      return [...readFloats(out.losses!)];
    },

    async step(batch, seed, hyper) {
      const idle = new Float32Array(hyperNames.length).fill(1);
      const rates = Object.fromEntries(
        experts.map(e => [`${e.name}.hyper`, floats(hyper.get(e.name) ?? idle, [hyperNames.length])]),
      );
      const fetches = Object.fromEntries(Object.entries(spare).map(([name, tensor]) => [`${name}.out`, tensor]));
      const feeds = { ...batchFeeds(batch), ...masks(batch, seed), ...current, ...sums, ...rates };
      const out = await stepSession.run(feeds, fetches);
      // Experts that take no step keep their tensors; what was computed for them stays in the spare ones, unread.
      for (const name of hyper.keys())
        for (const part of ['', '.m', '.v']) {
          const key = name + part;
          [current[key], spare[key]] = [spare[key]!, current[key]!];
        }
      if (o.accumulates) {
        releaseTensors(sums);
        sums = zeroSums();
      }
      const norms = readFloats(out.norms!);
      return { losses: [...readFloats(out.losses!)], norms: new Map(experts.map((e, i) => [e.name, norms[i]!])) };
    },

    async evaluate(batch) {
      evaluateSession ??= await compile('evaluate');
      const out = await evaluateSession.run({ ...batchFeeds(batch), ...parameters() });
      return [...readFloats(out.losses!)];
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
      for (const s of [stepSession, sumSession, evaluateSession]) await s?.dispose();
    },
  };
}

function batchFeeds(b: Batch): Feeds {
  const experts = b.gate.length / b.rows;
  return {
    ids: int64s(b.ids, [b.rows, b.length]),
    gate: floats(b.gate, [b.rows, experts]),
    lossRows: int64s(b.lossRows, [b.lossRows.length]),
    labels: int64s(b.labels, [b.labels.length]),
    lossWeights: floats(b.lossWeights, [b.labels.length, experts]),
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
