import { loadBase } from '../../src/experiment/base.ts';
import { linearLayers } from '../../src/nn/model/layout.ts';
import { type BenchBase, benchBase } from '../bases.ts';
import { type Decoded, openDecoder } from '../decoderSide.ts';
import { randomExperts } from '../experts.ts';
import { alternate, fastest, median } from '../measure.ts';
import type { BenchContext, Row, RowGroup } from '../row.ts';
import { tokenRow } from '../tokens.ts';

interface Case {
  base: BenchBase;
  rank: number;
  count: number;
  rounds: number;
  /** Of the base's tokens/s, with one active expert and with all three. */
  targets?: { one: number; blend: number };
}

/** What loaded, active, blended and routed experts cost while decoding, against a graph of the base alone. */
export const experts: RowGroup = {
  name: 'experts',
  about: 'three experts loaded, one active, all blended, or chosen for each token: tokens/s against the base alone',
  async run(context) {
    const sizes = {
      '135M': { rank: 8, count: 16, rounds: 7, targets: { one: 0.92, blend: 0.85 } },
      embedded: { rank: 16, count: 64, rounds: 11 },
    };
    const rows: Row[] = [];
    for (const name of context.bases)
      rows.push(
        ...(await compare(context, { base: await benchBase(name), ...sizes[name === 'embedded' ? name : '135M'] })),
      );
    return rows;
  },
};

async function compare({ threads, say }: BenchContext, { base, rank, count, rounds, targets }: Case): Promise<Row[]> {
  say(`experts, ${base.name}`);
  const three = await randomExperts(base, rank, 3);
  const params = { baseFolder: base.folder, gguf: '', llama: '', threads, room: 256, rows: 1 };
  const alone = await openDecoder('ours', { ...params, experts: [], adapters: false });
  const loaded = await openDecoder('ours', { ...params, experts: three, adapters: true });
  const gated = await openDecoder('ours', { ...params, experts: three, adapters: true, gates: true });
  try {
    const names = three.map(e => e.name);
    const blend = Object.fromEntries(names.map((n, i) => [n, [0.4, 0.5, 0.1][i]!]));
    const cases = [
      { name: 'none active', side: loaded, weights: {}, active: 0, target: undefined },
      { name: 'one active', side: loaded, weights: { [names[1]!]: 1 }, active: 1, target: targets?.one },
      { name: 'blend of all', side: loaded, weights: blend, active: 3, target: targets?.blend },
    ];
    const request = { prompts: [tokenRow(32, 1)], count, forced: [tokenRow(count, 2)] };
    const [base0, ofTokens, ...others] = await alternate(rounds, [
      () => alone.decode({ ...request, weights: [{}] }),
      () => gated.decode({ ...request, weights: [{ auto: 1 }] }),
      ...cases.map(c => () => c.side.decode({ ...request, weights: [c.weights] })),
    ]);
    const speed = (turns: Decoded[], middle = median) => (1000 * count) / middle(turns.map(d => d.decodeMs));
    const { config } = await loadBase(base.folder);
    const layers = linearLayers(config);
    const own = layers.reduce((sum, l) => sum + l.in * l.out, 0) + config.vocab * config.dim;
    const perExpert = layers.reduce((sum, l) => sum + rank * (l.in + l.out), 0);
    const gates: Row = {
      group: 'experts',
      name: `${base.name}, three of rank ${rank}, gates of tokens`,
      unit: 'tokens/s',
      value: speed(ofTokens!),
      against: { name: 'one active', value: speed(others[1]!) },
      fastest: { value: speed(ofTokens!, fastest), against: speed(others[1]!, fastest) },
      target: targets && { kind: 'ratioAtLeast', is: 1 / 1.3 },
      notes: ['all three experts are multiplied, and two gates a block'],
    };
    const rows = cases.map(
      (c, i): Row => ({
        group: 'experts',
        name: `${base.name}, three of rank ${rank}, ${c.name}`,
        unit: 'tokens/s',
        value: speed(others[i]!),
        against: { name: 'base alone', value: speed(base0!) },
        fastest: { value: speed(others[i]!, fastest), against: speed(base0!, fastest) },
        target: c.target === undefined ? undefined : { kind: 'ratioAtLeast', is: c.target },
        notes: [
          `the experts' weights are ${((100 * c.active * perExpert) / own).toFixed(1)} % more to read and multiply: ${(own / (own + c.active * perExpert)).toFixed(2)}× where that alone counted`,
        ],
      }),
    );
    return [...rows, gates];
  } finally {
    await Promise.all([alone.end(), loaded.end(), gated.end()]);
  }
}
