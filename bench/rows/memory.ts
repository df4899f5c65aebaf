import { buildEngine, startBuiltEngine } from '../builtEngine.ts';
import { median } from '../measure.ts';
import type { RowGroup } from '../row.ts';
import { residentBytesOf } from '../side.ts';
import { number } from '../table.ts';

const requests = 1000;
/** By then V8's heap and the runtime's arena have grown to what they need. */
const settled = 500;

/** Resident memory of the engine over many requests. */
export const memory: RowGroup = {
  name: 'memory',
  about: 'resident memory over 1,000 requests: MB against the 500th',
  async run({ threads, say }) {
    say('memory');
    await buildEngine();
    const engine = startBuiltEngine(threads);
    try {
      const sizes: number[] = [];
      for (let i = 0; i < requests; i++) {
        const prompt = `What is ${i} + ${(7 * i) % 90}?`;
        await engine.request('ask', { prompt, expert: 'base', settings: { maxTokens: 6 } });
        sizes.push(residentBytesOf(engine.pid!) / 1e6);
      }
      const around = (n: number) => median(sizes.slice(n - 50, n));
      return [
        {
          group: 'memory',
          name: `after ${requests.toLocaleString('en-US')} requests`,
          unit: 'MB',
          value: around(requests),
          against: { name: `after ${settled}`, value: around(settled) },
          target: { kind: 'ratioAtMost', is: 1.05 },
          notes: [
            `resident MB after 50, 100, 200, 400, 600, 800, 1,000: ${[50, 100, 200, 400, 600, 800, 1000].map(n => number(around(n))).join(', ')}`,
          ],
        },
      ];
    } finally {
      await engine.dispose();
    }
  },
};
