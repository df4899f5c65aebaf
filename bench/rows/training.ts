import { existsSync } from 'node:fs';
import { int8Support } from '../../src/engine/runtime/int8Support.ts';
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

/** What PyTorch computes with: under autocast to bfloat16, frozen weights are in F32, or held in bfloat16. */
type Arithmetic = 'F32' | 'bf16' | 'bf16 held';

interface Peer {
  name: string;
  side: Side;
  /** What it said of itself when it was opened. */
  about: { torch: string; blas: string; threads: number };
  arithmetic: Arithmetic;
  /** Steps of one turn, and turns. */
  steps: number;
  rounds: number;
  /** Each turn is a training of its own, from the factors that the last one has left. */
  isAnew?: boolean;
  turns: TrainedSteps[];
}

/** This project's training, in one of its arithmetics. */
interface Own {
  arithmetic: 'float' | 'int8';
  side: Side;
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
      '135M': { shape: { ...shape, rows: 4 }, steps: 3, rounds: 4, plainRounds: 2 },
      '0.5B': { shape: { ...shape, rows: 4 }, steps: 2, rounds: 3, plainRounds: 1 },
    };
    const rows: Row[] = [];
    for (const name of context.bases)
      rows.push(
        ...(await compare(context, {
          base: await benchBase(name),
          ...sizes[name === 'embedded' || name === '0.5B' ? name : '135M'],
        })),
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
    const arithmetics = (await int8Support(threads)).isExact ? (['float', 'int8'] as const) : (['float'] as const);
    const owns: Own[] = [];
    for (const arithmetic of arithmetics) {
      const { side } = await open('./sides/trainer.ts', { ...params, arithmetic });
      owns.push({ arithmetic, side, turns: [] });
    }
    const matmul = await open('./sides/matmul.ts', { threads });
    const { peers, missing } = await openPeers(job, threads, (file, opened, env, python) =>
      open<Peer['about']>(file, { ...params, ...opened }, env, python),
    );
    const rates: number[] = [];
    // The first turns warm up; they are kept because their losses are compared.
    await alternate(
      job.rounds + 1,
      [
        ...owns.map(({ side, turns }) => async () => {
          turns.push(await side.call<TrainedSteps>('steps', { count: job.steps }));
        }),
        ...peers.map(peer => async () => {
          if (peer.turns.length > peer.rounds) return;
          peer.turns.push(await peer.side.call<TrainedSteps>('steps', { count: peer.steps }));
        }),
        async () => void rates.push(await matmul.side.call<number>('rate', { count: 20 })),
      ],
      { warmUps: 0 },
    );
    return await rowsOf(job, owns, peers, rates, missing);
  } finally {
    await Promise.all(sides.map(side => side.end()));
  }
}

/**
 * PyTorch of the interpreter that `PYTHON` names, in each arithmetic, with its memory kept, and PEFT under transformers'
 * Trainer as users run it; without it Debian's in F32, as it is installed and with settings that suit it better where the packages are there.
 */
async function openPeers(
  { steps, rounds, plainRounds }: Case,
  threads: number,
  open: (
    file: string,
    opened: { arithmetic: Arithmetic },
    env: Record<string, string>,
    python?: string,
  ) => Promise<Pick<Peer, 'side' | 'about'>>,
): Promise<{ peers: Peer[]; missing: string[] }> {
  const env = { OMP_NUM_THREADS: String(threads), OPENBLAS_NUM_THREADS: String(threads) };
  const tuned = { ...env, ...keepMemory };
  const python = process.env.PYTHON;
  const peers: Peer[] = [];
  const missing: string[] = [];
  const add = async (
    turns: Pick<Peer, 'name' | 'arithmetic' | 'steps' | 'rounds' | 'isAnew'>,
    peerEnv: Record<string, string>,
    file = './peers/torchLora.py',
  ) => {
    try {
      const opened = { arithmetic: turns.arithmetic };
      peers.push({ ...turns, ...(await open(file, opened, peerEnv, python)), turns: [] });
    } catch (error) {
      // The rate of matrix products is a comparison that needs no PyTorch.
      missing.push(`PyTorch ${turns.name} was not measured: ${(error as Error).message}`);
    }
  };
  if (python) {
    await add({ name: 'F32', arithmetic: 'F32', steps, rounds }, tuned);
    await add({ name: 'bf16 autocast', arithmetic: 'bf16', steps, rounds }, tuned);
    await add({ name: 'bf16 autocast, weights in bf16', arithmetic: 'bf16 held', steps, rounds }, tuned);
    const asUsed = './peers/peftTrainer.py';
    await add({ name: 'in PEFT and Trainer, F32', arithmetic: 'F32', steps, rounds, isAnew: true }, env, asUsed);
    await add({ name: 'in PEFT and Trainer, bf16', arithmetic: 'bf16', steps, rounds, isAnew: true }, env, asUsed);
    return { peers, missing };
  }
  await add({ name: 'as installed', arithmetic: 'F32', steps: 1, rounds: plainRounds }, env);
  if (existsSync(openmpBlas))
    await add({ name: 'tuned', arithmetic: 'F32', steps, rounds }, { ...tuned, LD_LIBRARY_PATH: openmpBlas });
  return { peers, missing };
}

/** Most that losses of the first steps may lie from those of PyTorch in F32: nearly none in F32, a few digits in 8 bits. */
const mostApart = { float: 1e-3, int8: 0.05 };
/** What the two arithmetics should gain over PyTorch's, on the embedded base and on others. */
const wanted = {
  float: { F32: { embedded: 1.4, others: 1.4 }, bf16: { embedded: 0.8, others: 1 } },
  int8: { F32: { embedded: 2.3, others: 3 }, bf16: { embedded: 1.5, others: 2 } },
};

async function rowsOf(
  { base, shape }: Case,
  owns: Own[],
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
  const list = (values: number[]) => values.map(l => l.toFixed(5)).join(' ');
  const spread = (turns: TrainedSteps[]) => {
    const all = times(turns);
    return `${number(Math.min(...all))} to ${number(Math.max(...all))} ms a step`;
  };
  const compared = owns.flatMap(own =>
    peers.map((peer): Row => {
      const [ownLosses, theirs] = [losses(own.turns), losses(peer.isAnew ? peer.turns.slice(0, 1) : peer.turns)];
      const apart = Math.max(...theirs.map((l, i) => Math.abs(l - ownLosses[i]!)));
      if (peer.arithmetic === 'F32' && !(apart < mostApart[own.arithmetic]))
        throw new Error(`losses differ: ours ${ownLosses}, PyTorch's ${theirs}`);
      const { about } = peer;
      return {
        group: 'training',
        name: `${base.name}, ${own.arithmetic}, tokens/s`,
        unit: 'tokens/s',
        value: speed(own.turns),
        against: { name: `PyTorch ${about.torch} ${peer.name}`, value: speed(peer.turns) },
        fastest: { value: speed(own.turns, fastest), against: speed(peer.turns, fastest) },
        target: {
          kind: 'ratioAtLeast',
          is: wanted[own.arithmetic][peer.arithmetic === 'F32' ? 'F32' : 'bf16'][
            base.name === 'embedded' ? 'embedded' : 'others'
          ],
        },
        notes: [
          `${shape.rows}×${shape.length} tokens, ${shape.answer} of each row trained, rank ${shape.rank} on all linears`,
          `losses of the first steps: ours ${list(ownLosses)}; PyTorch's ${list(theirs)}; at most ${apart.toExponential(1)} apart`,
          `ours ${spread(own.turns)}, PyTorch's ${spread(peer.turns)}`,
          `PyTorch on ${about.blas}, ${about.threads} threads: ${number((flops * speed(peer.turns)) / tokens / 1e9)} useful GFLOP/s`,
        ],
      };
    }),
  );
  const float = owns[0]!.turns;
  return [
    ...compared,
    {
      group: 'training',
      name: `${base.name}, useful GFLOP/s`,
      unit: 'GFLOP/s',
      value: (flops * speed(float)) / tokens / 1e9,
      against: { name: 'MatMul 1024³', value: median(rates.slice(1)) / 1e9 },
      fastest: { value: (flops * speed(float, fastest)) / tokens / 1e9, against: Math.max(...rates) / 1e9 },
      target: { kind: 'ratioAtLeast', is: 0.65 },
      notes: [`${number(flops / 1e9)} GFLOP a step, counted by bench/flops.ts`, ...missing],
    },
  ];
}
