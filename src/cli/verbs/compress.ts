import { resolve } from 'node:path';
import type { CompressResult } from '../../protocol/engine/merging.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { count, percent, significant } from '../../text/numbers.ts';
import type { Verb } from '../console/verb.ts';

export const compressVerb: Verb = {
  name: 'compress',
  summary: 'Cuts an adapter down to fewer ranks by singular values, or says what each rank would lose.',
  usage: ['ADAPTER [--rank R] [--energy SHARE] [--out DIR]', 'RECIPE NAME [--rank R] [--energy SHARE] [--out DIR]'],
  options: {
    rank: { value: 'R', description: 'rank of every layer' },
    energy: {
      value: 'SHARE',
      description: 'share of the squared norm to keep, as 0.95, by as few ranks as do; layers get ranks of their own',
    },
    out: { value: 'DIR', description: 'where the result goes; without a rank and a share nothing is written' },
  },
  positionals: [1, 2],
  examples: ['math --rank 8 --out math-8', 'my.lora.json all --energy 0.95 --out all-95', 'math'],

  async run({ args, terminal, json, engine }) {
    const [first, name] = args.positionals as [string, string | undefined];
    const source = name === undefined ? { adapter: resolve(first) } : { recipe: resolve(first), name };
    const [rank, energy, out] = [args.number('rank'), args.number('energy'), args.text('out')];
    if (out !== undefined && rank === undefined && energy === undefined)
      throw new WorkbenchError('badRequest', 'cut down to what?', 'Add --rank R or --energy SHARE.');
    const result = await engine.request('compress', {
      ...source,
      rank,
      energy,
      out: out === undefined ? undefined : resolve(out),
    });
    if (json) terminal.printJson(result);
    else for (const line of compressLines(result)) terminal.print(line);
    return 0;
  },
};

/** The result, and what ranks would lose: at most a dozen of them. */
export function compressLines({ path, before, after, relativeError, curve }: CompressResult): string[] {
  const ranks = new Set([1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, after?.rank, curve.length]);
  const shown = curve.filter(({ rank }) => ranks.has(rank));
  return [
    ...(path && after && relativeError !== undefined
      ? [
          `${path}  rank ${before.rank} → ${after.rank}, ${count(before.parameters)} → ${count(after.parameters)} numbers, relative error ${significant(relativeError)}`,
        ]
      : [`rank ${before.rank}, ${count(before.parameters)} numbers`]),
    'rank  relative error  energy kept',
    ...shown.map(
      ({ rank, relativeError }) =>
        `${String(rank).padStart(4)}  ${significant(relativeError).padStart(14)}  ${percent(1 - relativeError ** 2).padStart(11)}`,
    ),
  ];
}
