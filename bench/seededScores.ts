import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'jsonc-parser';
import type { Arithmetic } from '../src/protocol/arithmetic.ts';
import { buildEngine, startBuiltEngine } from './builtEngine.ts';
import type { BenchContext, Row } from './row.ts';

/** Steps of each training: fewer than the example takes, so that scores are not all near the top. */
const steps = 300;
/** Held-out questions of each expert. */
const questions = 300;
const example = fileURLToPath(new URL('../examples/experts', import.meta.url));

/** The example's experts, trained with several seeds in both arithmetics: their held-out scores. */
export async function seededScores({ seeds, threads, say }: BenchContext): Promise<Row[]> {
  await buildEngine();
  const folder = mkdtempSync(join(tmpdir(), 'bench-seeds-'));
  const client = startBuiltEngine(threads);
  const scores = { float: [] as Record<string, number>[], int8: [] as Record<string, number>[] };
  try {
    cpSync(example, folder, { recursive: true, filter: path => !path.includes('runs') });
    for (let seed = 1; seed <= seeds; seed++)
      for (const arithmetic of ['float', 'int8'] as const) {
        say(`quality, seed ${seed} in ${arithmetic}`);
        const recipe = join(folder, `${arithmetic}${seed}.lora.json`);
        writeFileSync(recipe, recipeOf(arithmetic, seed));
        await client.request('train', { recipe, resume: false });
        const { measured } = await client.request('measure', { recipe });
        scores[arithmetic].push(
          Object.fromEntries(measured.map(({ set, score }) => [set, score.correct / score.total])),
        );
      }
  } finally {
    await client.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
  return Object.keys(scores.float[0]!).map(set => {
    const of = (arithmetic: Arithmetic) => scores[arithmetic].map(each => 100 * each[set]!);
    const told = (values: number[]) => values.map(x => x.toFixed(1)).join(', ');
    return {
      group: 'quality',
      name: `embedded, ${set}: right of ${questions}, mean of ${seeds} seeds`,
      unit: '%',
      value: mean(of('int8')),
      against: { name: 'trained in F32', value: mean(of('float')) },
      target: undefined,
      notes: [
        `${steps} steps an expert, the example's own settings otherwise; in 8 bits ${told(of('int8'))}, in F32 ${told(of('float'))}`,
      ],
    };
  });
}

function recipeOf(arithmetic: Arithmetic, seed: number): string {
  const { base, lora, training, experts, generation, evaluation } = parse(
    readFileSync(join(example, 'experts.lora.json'), 'utf8'),
  );
  const short = { steps, validateEvery: 0, checkpointEvery: steps };
  const own = Object.entries<{ training?: object }>(experts).map(([name, expert]) => {
    return [name, { ...expert, training: { ...expert.training, ...short } }];
  });
  const sets = Object.keys(experts).map(name => {
    return [name, { ...evaluation.sets[name], limit: questions, minimum: { [name]: 0 } }];
  });
  return JSON.stringify({
    version: 1,
    base,
    seed,
    lora,
    training: { ...training, ...short, arithmetic },
    experts: Object.fromEntries(own),
    generation,
    evaluation: { sets: Object.fromEntries(sets), batchSize: evaluation.batchSize },
  });
}

const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
