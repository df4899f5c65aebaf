import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EngineClient } from '../../src/client/engineClient.ts';
import { buildEngine, startBuiltEngine } from '../builtEngine.ts';
import { median } from '../measure.ts';
import type { Row, RowGroup } from '../row.ts';
import { residentBytesOf } from '../side.ts';
import { number } from '../table.ts';

const counted = 1000;
/** By then V8's heap and the runtime's arena have grown to what they need. */
const settled = 500;
const shown = [50, 100, 200, 400, 600, 800, 1000];

/** Resident memory of the engine over many requests, and over many steps of a training. */
export const memory: RowGroup = {
  name: 'memory',
  about: 'resident memory over 1,000 requests and over 1,000 training steps: MB against the 500th',
  async run({ threads, say }) {
    await buildEngine();
    const rows: Row[] = [];
    for (const [what, sizesOf] of [
      ['requests', requestSizes],
      ['training steps', stepSizes],
    ] as const) {
      say(`memory: ${what}`);
      const engine = startBuiltEngine(threads);
      try {
        rows.push(rowOf(what, await sizesOf(engine)));
      } finally {
        await engine.dispose();
      }
    }
    return rows;
  },
};

/** MB after each request. */
async function requestSizes(engine: EngineClient): Promise<number[]> {
  const sizes: number[] = [];
  for (let i = 0; i < counted; i++) {
    const prompt = `What is ${i} + ${(7 * i) % 90}?`;
    await engine.request('ask', { prompt, target: { kind: 'base' }, settings: { maxTokens: 6 } });
    sizes.push(residentBytesOf(engine.pid!) / 1e6);
  }
  return sizes;
}

/** MB after each step. */
async function stepSizes(engine: EngineClient): Promise<number[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-memory-'));
  try {
    const recipe = join(folder, 'memory.lora.json');
    const train = fileURLToPath(new URL('../../examples/experts/math/train.jsonl', import.meta.url));
    const training = { steps: counted, batchSize: 8 };
    writeFileSync(recipe, JSON.stringify({ version: 1, training, experts: { math: { data: { train } } } }));
    const sizes: number[] = [];
    await engine.request(
      'train',
      { recipe, resume: false },
      {
        onProgress(told) {
          if (told.kind === 'event' && told.event.type === 'step') sizes.push(told.event.residentBytes / 1e6);
        },
      },
    );
    return sizes;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function rowOf(what: string, sizes: readonly number[]): Row {
  const around = (n: number) => median(sizes.slice(n - 50, n));
  return {
    group: 'memory',
    name: `after ${counted.toLocaleString('en-US')} ${what}`,
    unit: 'MB',
    value: around(counted),
    against: { name: `after ${settled}`, value: around(settled) },
    target: { kind: 'ratioAtMost', is: 1.05 },
    notes: [`resident MB after ${shown.join(', ')}: ${shown.map(n => number(around(n))).join(', ')}`],
  };
}
