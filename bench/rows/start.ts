import { buildEngine, startBuiltEngine } from '../builtEngine.ts';
import { alternate, fastest, median } from '../measure.ts';
import type { RowGroup } from '../row.ts';
import { number } from '../table.ts';

/** From nothing to the first text of an answer, in a new engine process each time. */
export const start: RowGroup = {
  name: 'start',
  about: 'engine process to first token on the embedded base: s',
  async run({ threads, say }) {
    say('start');
    await buildEngine();
    const once = async () => {
      const started = performance.now();
      const engine = startBuiltEngine(threads);
      let first: number | undefined;
      await engine.request(
        'ask',
        { prompt: 'What is 12 + 30?', target: { kind: 'base' }, settings: { maxTokens: 4 } },
        {
          onProgress(told) {
            if (told.kind === 'text') first ??= (performance.now() - started) / 1000;
          },
        },
      );
      const whole = (performance.now() - started) / 1000;
      await engine.dispose();
      // An answer without text ends with its message.
      return first ?? whole;
    };
    const [times] = await alternate(9, [once]);
    return [
      {
        group: 'start',
        name: 'engine process to first token, embedded base',
        unit: 's',
        value: median(times!),
        against: undefined,
        target: { kind: 'valueAtMost', is: 1 },
        notes: [`nine processes, fastest ${number(fastest(times!))} s, slowest ${number(Math.max(...times!))} s`],
      },
    ];
  },
};
