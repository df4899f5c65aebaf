import { existsSync } from 'node:fs';
import { loadBase } from '../../src/experiment/base.ts';
import { type BenchBase, benchBase } from '../bases.ts';
import { trainingFlops } from '../flops.ts';
import { alternate, fastest, median } from '../measure.ts';
import type { BenchContext, Row, RowGroup } from '../row.ts';
import { type Side, startSide } from '../side.ts';
import { number } from '../table.ts';
import { type TrainedSteps, type TrainingShape, trainingCase } from '../trainingCase.ts';

interface Case {
  base: BenchBase;
  shape: TrainingShape;
  /** Steps of one turn, and turns. */
  steps: number;
  rounds: number;
  /** Turns of PyTorch as it is installed, which are slow. */
  plainRounds: number;
}

interface Peer {
  name: string;
  side: Side;
  /** What it said of itself when it was opened. */
  about: { torch: string; blas: string; threads: number };
  /** Steps of one turn, and turns. */
  steps: number;
  rounds: number;
  turns: TrainedSteps[];
}

/** One pool of threads for PyTorch's own loops and OpenBLAS, from Debian's libopenblas0-openmp. */
const openmpBlas = '/usr/lib/x86_64-linux-gnu/openblas-openmp';
/** Without these every large tensor is mapped, filled with zeros and unmapped anew. */
const keepMemory = {
  MALLOC_MMAP_THRESHOLD_: '4294967296',
  MALLOC_TRIM_THRESHOLD_: '8589934592',
  MALLOC_TOP_PAD_: '67108864',
};

/** LoRA training against PyTorch and against the machine's rate of matrix products. */
export const training: RowGroup = {
  name: 'training',
  about: 'LoRA training: tokens/s against PyTorch, useful FLOP/s against the MatMul rate',
  async run(context) {
    const shape = { rank: 16, length: 128, answer: 48 };
    const sizes = {
      embedded: { shape: { ...shape, rows: 8 }, steps: 4, rounds: 7, plainRounds: 3 },
      '135M': { shape: { ...shape, rows: 4 }, steps: 1, rounds: 5, plainRounds: 2 },
    };
    const rows: Row[] = [];
    for (const name of context.bases)
      rows.push(
        ...(await compare(context, { base: await benchBase(name), ...sizes[name === 'embedded' ? name : '135M'] })),
      );
    return rows;
  },
};

async function compare(context: BenchContext, job: Case): Promise<Row[]> {
  const { threads, say } = context;
  const { base, shape } = job;
  say(`training, ${base.name}`);
  const params = await trainingCase(base, shape, threads);
  const sides: Side[] = [];
  const open = async <T>(file: string, opened: unknown, env = {}, python?: string) => {
    const side = startSide(file, env, python);
    sides.push(side);
    return { side, about: await side.call<T>('open', opened) };
  };
  try {
    const own = await open('./sides/trainer.ts', params);
    const matmul = await open('./sides/matmul.ts', { threads });
    const { peers, missing } = await openPeers(job, threads, (file, env, python) =>
      open<Peer['about']>(file, params, env, python),
    );
    const ownTurns: TrainedSteps[] = [];
    const rates: number[] = [];
    // The first turns warm up; they are kept because their losses are compared.
    await alternate(
      job.rounds + 1,
      [
        async () => void ownTurns.push(await own.side.call<TrainedSteps>('steps', { count: job.steps })),
        ...peers.map(peer => async () => {
          if (peer.turns.length > peer.rounds) return;
          peer.turns.push(await peer.side.call<TrainedSteps>('steps', { count: peer.steps }));
        }),
        async () => void rates.push(await matmul.side.call<number>('rate', { count: 20 })),
      ],
      { warmUps: 0 },
    );
    return await rowsOf(job, ownTurns, peers, rates, missing);
  } finally {
    await Promise.all(sides.map(side => side.end()));
  }
}

/**
 * PyTorch as Debian installs it, the same with settings that suit it better where the packages are there, and the one of
 * an interpreter that `MULTI_LORA_BENCH_PYTHON` names, with its memory kept.
 */
async function openPeers(
  { steps, rounds, plainRounds }: Case,
  threads: number,
  open: (file: string, env: Record<string, string>, python?: string) => Promise<Pick<Peer, 'side' | 'about'>>,
): Promise<{ peers: Peer[]; missing: string[] }> {
  const env = { OMP_NUM_THREADS: String(threads), OPENBLAS_NUM_THREADS: String(threads) };
  const tuned = { ...env, ...keepMemory };
  const python = process.env.MULTI_LORA_BENCH_PYTHON;
  const peers: Peer[] = [];
  const missing: string[] = [];
  const add = async (turns: Pick<Peer, 'name' | 'steps' | 'rounds'>, peerEnv: Record<string, string>, of?: string) => {
    try {
      peers.push({ ...turns, ...(await open('./peers/torchLora.py', peerEnv, of)), turns: [] });
    } catch (error) {
      // The rate of matrix products is a comparison that needs no PyTorch.
      missing.push(`PyTorch ${turns.name} was not measured: ${(error as Error).message}`);
    }
  };
  await add({ name: 'as installed', steps: 1, rounds: plainRounds }, env);
  if (existsSync(openmpBlas)) await add({ name: 'tuned', steps, rounds }, { ...tuned, LD_LIBRARY_PATH: openmpBlas });
  if (python) await add({ name: 'from PyPI', steps, rounds }, tuned, python);
  return { peers, missing };
}

async function rowsOf(
  { base, shape }: Case,
  ownTurns: TrainedSteps[],
  peers: Peer[],
  rates: number[],
  missing: string[],
): Promise<Row[]> {
  const tokens = shape.rows * shape.length;
  const { config } = await loadBase(base.folder);
  const flops = trainingFlops(config, shape);
  const times = (turns: TrainedSteps[]) => turns.slice(1).flatMap(t => t.times);
  const speed = (turns: TrainedSteps[], middle = median) => (1000 * tokens) / middle(times(turns));
  const losses = (turns: TrainedSteps[]) => turns.flatMap(t => t.losses).slice(0, 4);
  const ownSpeed = speed(ownTurns);
  const compared = peers.map(({ name, about, turns }): Row => {
    const [ownLosses, theirs] = [losses(ownTurns), losses(turns)];
    const apart = Math.max(...theirs.map((l, i) => Math.abs(l - ownLosses[i]!)));
    if (!(apart < 1e-3)) throw new Error(`losses differ: ours ${ownLosses}, PyTorch's ${theirs}`);
    const list = (values: number[]) => values.map(l => l.toFixed(5)).join(' ');
    return {
      group: 'training',
      name: `${base.name}, tokens/s`,
      unit: 'tokens/s',
      value: ownSpeed,
      against: { name: `PyTorch ${about.torch} ${name}`, value: speed(turns) },
      fastest: { value: speed(ownTurns, fastest), against: speed(turns, fastest) },
      target: { kind: 'ratioAtLeast', is: 4 },
      notes: [
        `${shape.rows}×${shape.length} tokens, ${shape.answer} of each row trained, rank ${shape.rank} on all linears`,
        `losses of the first steps: ours ${list(ownLosses)}; PyTorch's ${list(theirs)}; at most ${apart.toExponential(1)} apart`,
        `PyTorch on ${about.blas}, ${about.threads} threads: ${number((flops * speed(turns)) / tokens / 1e9)} useful GFLOP/s`,
      ],
    };
  });
  const useful = (flops * ownSpeed) / tokens / 1e9;
  return [
    ...compared,
    {
      group: 'training',
      name: `${base.name}, useful GFLOP/s`,
      unit: 'GFLOP/s',
      value: useful,
      against: { name: 'MatMul 1024³', value: median(rates.slice(1)) / 1e9 },
      fastest: { value: (flops * speed(ownTurns, fastest)) / tokens / 1e9, against: Math.max(...rates) / 1e9 },
      target: { kind: 'ratioAtLeast', is: 0.65 },
      notes: [`${number(flops / 1e9)} GFLOP a step, counted by bench/flops.ts`, ...missing],
    },
  ];
}
