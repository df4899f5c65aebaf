import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { int8Support } from '../../src/engine/runtime/int8Support.ts';
import { createSession, type Feeds, floats, readFloats } from '../../src/engine/runtime/session.ts';
import { trainingBase } from '../../src/engine/training/int8Base.ts';
import { lossFeeds, openTrainSessions, textFeeds } from '../../src/engine/training/trainBackend.ts';
import { type Base, loadBase } from '../../src/experiment/base.ts';
import type { Graph } from '../../src/nn/graph/graph.ts';
import type { BaseConfig } from '../../src/nn/model/config.ts';
import { linearLayers } from '../../src/nn/model/layout.ts';
import { promptIds } from '../../src/nn/tokenizer/chatTemplate.ts';
import { hyperVector } from '../../src/nn/train/adamw.ts';
import { assembleBatch, type Batch } from '../../src/nn/train/assembleBatch.ts';
import { sessionGraph } from '../../src/nn/train/sessionGraph.ts';
import { expertGroup } from '../../src/nn/train/trainGraph.ts';
import type { Arithmetic } from '../../src/protocol/arithmetic.ts';
import { type BenchBase, benchBase, isRandom } from '../bases.ts';
import { cacheFolder } from '../cacheFolder.ts';
import type { BenchContext, Row, RowGroup } from '../row.ts';
import { seededScores } from '../seededScores.ts';
import { oneScaleForAll, roundedLogitGradients } from '../worseRounding.ts';

/** Steps of the trainings whose losses are compared; gradients are, where the one in F32 has ended. */
const steps = 60;
/** Batches whose gradients are compared, and those that nothing is trained on. */
const [compared, heldOut] = [4, 12];
/** 1 − cosine of gradients over all tensors, and of the farthest one, at most. */
const mostApart = { embedded: { all: 0.002, one: 0.01 }, smollm2: { all: 0.015, one: 0.15 } };
/** What is known to ruin gradients: a check that it passes says nothing. */
const worseRoundings: { name: string; worsen(g: Graph, c: BaseConfig): void; onEmbedded: boolean }[] = [
  { name: 'one scale for all rows', worsen: oneScaleForAll, onEmbedded: true },
  // The embedded base has few words: 1 − cosine is 0.0018 there, of 0.0009 without it.
  { name: 'the vocabulary’s backward product in one term', worsen: roundedLogitGradients, onEmbedded: false },
];
const settings = { learningRate: 5e-4, weightDecay: 0, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, maxNorm: 1 };

/** What training in 8 bits costs, with real weights and texts. */
export const quality: RowGroup = {
  name: 'quality',
  about: 'training in 8 bits: gradients and held-out losses against those in F32',
  async run(context) {
    if (!(await int8Support(context.threads)).isExact) return [];
    const rows: Row[] = [];
    for (const name of context.bases) if (!isRandom(name)) rows.push(...(await rowsOf(context, await benchBase(name))));
    if (context.seeds > 0) rows.push(...(await seededScores(context)));
    return rows;
  },
};

async function rowsOf({ threads, say }: BenchContext, bench: BenchBase): Promise<Row[]> {
  say(`quality, ${bench.name}`);
  const stored = await loadBase(bench.folder);
  const copy = { cacheFolder: cacheFolder('bases'), threads };
  const rounded = await trainingBase(stored, 'int8', copy);
  const baseOf = (arithmetic: Arithmetic) => (arithmetic === 'int8' ? rounded : stored);
  const batches = bench.name === 'embedded' ? exampleBatches(stored) : textBatches(stored);
  const own = batches.slice(0, compared);
  const held = batches.slice(compared, compared + heldOut);
  const trained = batches.slice(compared + heldOut);

  const factors = {
    float: await train(stored, 'float', trained, steps, threads),
    int8: await train(rounded, 'int8', trained, steps, threads),
  };
  const gradients = async (arithmetic: Arithmetic, worsen?: (g: Graph) => void) =>
    gradientsOf(baseOf(arithmetic), arithmetic, factors.float, own, threads, worsen);
  const exact = await gradients('float');
  const found = compare(stored, exact, await gradients('int8'));
  const most = mostApart[bench.name === 'embedded' ? 'embedded' : 'smollm2'];
  const controls: Row[] = [];
  for (const { name, worsen, onEmbedded } of worseRoundings) {
    if (bench.name === 'embedded' && !onEmbedded) continue;
    const worse = compare(stored, exact, await gradients('int8', g => worsen(g, stored.config)));
    controls.push({
      group: 'quality',
      name: `${bench.name}, has to fail: ${name}`,
      unit: '',
      value: Math.max(...worse.map(f => 1 - f.all)),
      against: undefined,
      target: { kind: 'valueAtLeast', is: most.all },
      notes: [`1 − cosine over all tensors; of the farthest ${Math.max(...worse.map(f => 1 - f.lowest)).toFixed(3)}`],
    });
  }
  const losses = {
    float: await lossOf(stored, factors.float, held, threads),
    int8: await lossOf(stored, factors.int8, held, threads),
  };
  const row = (name: string, unit: string, value: number, rest: Pick<Row, 'target' | 'notes'>): Row => ({
    group: 'quality',
    name: `${bench.name}, ${name}`,
    unit,
    value,
    against: undefined,
    ...rest,
  });
  const about = `rank 16 on all linears, after ${steps} steps in F32; the worst of ${compared} batches: ${found.map(f => `${f.all.toFixed(4)} | ${f.lowest.toFixed(3)} ${f.at}`).join(', ')}`;
  return [
    row('gradients, 1 − cosine over all tensors', '', Math.max(...found.map(f => 1 - f.all)), {
      target: { kind: 'valueAtMost', is: most.all },
      notes: [about],
    }),
    row('gradients, 1 − cosine of the farthest tensor', '', Math.max(...found.map(f => 1 - f.lowest)), {
      target: { kind: 'valueAtMost', is: most.one },
      notes: [],
    }),
    row('gradients, norm’s distance from 1', '', Math.max(...found.map(f => Math.abs(f.norm - 1))), {
      target: { kind: 'valueAtMost', is: 0.05 },
      notes: [],
    }),
    {
      ...row(`held-out loss after ${steps} steps`, 'nats', losses.int8, {
        target: { kind: 'ratioAtMost', is: 1.015 },
        notes: [`both in F32, over ${heldOut} batches that nothing was trained on`],
      }),
      against: { name: 'trained in F32', value: losses.float },
    },
    ...controls,
  ];
}

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Passages of the project's documentation, 256 tokens each: prose with code and numbers. All tokens are learned. */
function textBatches(base: Base): Batch[] {
  const folder = `${root}/docs/design`;
  const text = readdirSync(folder)
    .sort()
    .map(name => readFileSync(`${folder}/${name}`, 'utf8'))
    .join('\n');
  const ids = base.text().tokenizer.encode(text, { addSpecialTokens: false });
  const length = 256;
  const count = Math.min(40, Math.floor(ids.length / length));
  return Array.from({ length: count }, (_, i) => {
    const own = Int32Array.from(ids.slice(i * length, (i + 1) * length));
    return batchOf([{ ids: own, labels: own }]);
  });
}

/** Examples of the shipped experts, eight a batch; answers are learned. */
function exampleBatches(base: Base): Batch[] {
  const { tokenizer, chatTemplate } = base.text();
  const lines = ['math', 'code', 'qa'].map(name =>
    readFileSync(`${root}/examples/experts/${name}/train.jsonl`, 'utf8').trim().split('\n').slice(0, 160),
  );
  const rows = lines[0]!.flatMap((_, i) => lines.map(own => JSON.parse(own[i]!) as { messages: Message[] }));
  const examples = rows.map(({ messages: [question, answer] }) => {
    const prompt = promptIds(tokenizer, chatTemplate, [question!], false);
    const ids = [...prompt, ...tokenizer.encode(answer!.content, { addSpecialTokens: false })];
    return { ids: Int32Array.from(ids), labels: Int32Array.from(ids, (id, i) => (i < prompt.length ? -100 : id)) };
  });
  return Array.from({ length: Math.floor(examples.length / 8) }, (_, i) => batchOf(examples.slice(8 * i, 8 * i + 8)));
}

type Message = { role: 'user' | 'assistant'; content: string };

function batchOf(examples: { ids: Int32Array; labels: Int32Array }[]): Batch {
  return assembleBatch([{ expert: 0, scaling: 2, examples, share: 1 }], 1);
}

function expertOf(base: Base) {
  return { name: 'e', rank: 16, targets: linearLayers(base.config).map(l => l.path), seed: 1, dropout: 0 };
}

/** The factors after so many steps. */
async function train(base: Base, arithmetic: Arithmetic, batches: Batch[], count: number, threads: number) {
  const sessions = await openTrainSessions({
    base,
    experts: [expertOf(base)],
    accumulates: false,
    threads,
    arithmetic,
  });
  for (let step = 1; step <= count; step++) {
    const rates = new Map([['e', hyperVector(settings, settings.learningRate, step)]]);
    await sessions.step(batches[step % batches.length]!, step, rates);
  }
  const { parameter } = await sessions.state('e');
  const kept = parameter.slice();
  await sessions.dispose();
  return kept;
}

/** The gradient of each batch at these factors, of a graph that `worsen` may change. */
async function gradientsOf(
  base: Base,
  arithmetic: Arithmetic,
  at: Float32Array,
  batches: Batch[],
  threads: number,
  worsen?: (g: Graph) => void,
) {
  const experts = [expertOf(base)];
  const graph = sessionGraph(
    { config: base.config, tensors: base.tensors, experts, accumulates: true, arithmetic },
    'accumulate',
  );
  worsen?.(graph);
  const session = await createSession(graph, { folder: base.folder, threads, varyingShapes: true });
  const found: Float32Array[] = [];
  for (const batch of batches) {
    const fed: Feeds = {
      ...textFeeds(batch, base.config),
      ...lossFeeds(batch),
      gate: floats(batch.gate, [batch.rows, 1]),
      e: floats(at, [at.length]),
      'e.sum': floats(new Float32Array(at.length), [at.length]),
    };
    found.push(readFloats((await session.run(fed))['e.sum.out']!).slice());
  }
  await session.dispose();
  return found;
}

/** The mean loss of the batches in F32. */
async function lossOf(base: Base, at: Float32Array, batches: Batch[], threads: number): Promise<number> {
  const zeros = () => new Float32Array(at.length);
  const state = { parameter: at, m: zeros(), v: zeros(), best: at };
  const from = new Map([['e', state]]);
  const sessions = await openTrainSessions({ base, experts: [expertOf(base)], accumulates: false, threads, from });
  let sum = 0;
  for (const batch of batches) sum += (await sessions.evaluate(batch))[0]!;
  await sessions.dispose();
  return sum / batches.length;
}

/** Of each batch: the cosine of the two gradients over all tensors, that of the tensor where it is lowest, and the ratio of norms. */
function compare(base: Base, exact: Float32Array[], rounded: Float32Array[]) {
  const { tensors } = expertGroup(base.config, expertOf(base));
  const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
  const cosine = (a: Float32Array, b: Float32Array) => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  return exact.map((x, n) => {
    const y = rounded[n]!;
    let at = 0;
    const each = tensors.map(({ name, shape }) => {
      const end = at + shape.reduce((a, b) => a * b, 1);
      const own = cosine(x.subarray(at, end), y.subarray(at, end));
      at = end;
      return { name, own };
    });
    const lowest = each.reduce((a, b) => (b.own < a.own ? b : a));
    return { all: cosine(x, y), lowest: lowest.own, at: lowest.name, norm: Math.sqrt(dot(y, y) / dot(x, x)) };
  });
}
