import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildEngine, startBuiltEngine } from '../builtEngine.ts';
import { cacheFolder } from '../cacheFolder.ts';
import { alternate, median } from '../measure.ts';
import type { Row, RowGroup } from '../row.ts';
import { peakBytesOf } from '../side.ts';
import { number } from '../table.ts';

const names = ['math', 'code', 'qa'];
/** Steps that an event's rate is taken over. */
const window = 20;
const steps = window + 4;

interface Trained {
  tokens: number;
  seconds: number;
  peakBytes: number;
}

/** Three experts trained in one run against three runs, each in an engine process of its own, on the example's data. */
export const together: RowGroup = {
  name: 'together',
  about: 'three experts trained in one run: tokens/s and peak memory against three runs',
  async run({ threads, say }) {
    say('together');
    await buildEngine();
    const recipe = writeRecipe();
    // Every turn is new processes, so there is nothing to warm up.
    const [one, apart] = await alternate(
      2,
      [
        async () => [await train(recipe, names, threads)],
        async () => {
          const runs: Trained[] = [];
          for (const name of names) runs.push(await train(recipe, [name], threads));
          return runs;
        },
      ],
      { warmUps: 0 },
    );
    const sum = (runs: Trained[], of: (t: Trained) => number) => runs.reduce((s, t) => s + of(t), 0);
    const speed = (turns: Trained[][]) => median(turns.map(t => sum(t, r => r.tokens) / sum(t, r => r.seconds)));
    const peak = (turns: Trained[][]) => median(turns.map(t => sum(t, r => r.peakBytes))) / 1e6;
    const about = `embedded base, the example's data and settings, ${steps} steps of 8 rows for each expert, rank 16`;
    return [
      {
        group: 'together',
        name: 'three experts in one run, tokens/s',
        unit: 'tokens/s',
        value: speed(one!),
        against: { name: 'three runs in turn', value: speed(apart!) },
        target: { kind: 'ratioAtLeast', is: 1 },
        notes: [`${about}; over the last ${window} steps`],
      },
      {
        group: 'together',
        name: 'three experts in one run, peak memory',
        unit: 'MB',
        value: peak(one!),
        against: { name: 'three sessions', value: peak(apart!) },
        target: { kind: 'ratioAtMost', is: 0.5 },
        notes: [
          `peak resident memory of the engine process; of the three runs: ${apart!
            .at(-1)!
            .map(r => number(r.peakBytes / 1e6))
            .join(', ')} MB`,
        ],
      },
    ] satisfies Row[];
  },
};

async function train(recipe: string, only: string[], threads: number): Promise<Trained> {
  rmSync(join(cacheFolder('together'), 'runs'), { recursive: true, force: true });
  const engine = startBuiltEngine(threads);
  let rate = 0;
  let [from, to] = [0, 0];
  await engine.request(
    'train',
    { recipe, only, resume: false },
    {
      onProgress(told) {
        if (told.kind !== 'event' || told.event.type !== 'step') return;
        const { step, tokensPerSecond } = told.event;
        if (step === steps - window) from = performance.now();
        if (step === steps) [to, rate] = [performance.now(), tokensPerSecond];
      },
    },
  );
  const seconds = (to - from) / 1000;
  const result = { tokens: rate * seconds, seconds, peakBytes: peakBytesOf(engine.pid!) };
  await engine.dispose();
  return result;
}

function writeRecipe(): string {
  const data = fileURLToPath(new URL('../../examples/experts', import.meta.url));
  const folder = cacheFolder('together');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'together.lora.json');
  const expert = (name: string) => ({ data: { train: join(data, name, 'train.jsonl') } });
  const recipe = {
    version: 1,
    base: 'embedded',
    seed: 7,
    lora: { rank: 16, alpha: 32 },
    training: { learningRate: 1e-3, batchSize: 8, steps, validateEvery: 0, checkpointEvery: 0 },
    experts: Object.fromEntries(names.map(name => [name, expert(name)])),
  };
  writeFileSync(path, JSON.stringify(recipe, undefined, 2));
  return path;
}
