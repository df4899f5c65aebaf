import { type BenchBase, benchBase } from '../bases.ts';
import { openDecoder } from '../decoderSide.ts';
import { randomExperts } from '../experts.ts';
import { alternate, fastest, median } from '../measure.ts';
import type { BenchContext, Row, RowGroup } from '../row.ts';
import { tokenRow } from '../tokens.ts';

/** Three prompts for three experts: one batch against one after another. */
export const batch: RowGroup = {
  name: 'batch',
  about: 'three prompts for three experts in one batch: tokens/s against one after another',
  async run(context) {
    const rows: Row[] = [];
    for (const name of context.bases) {
      const size = name !== 'embedded' ? { count: 24, rounds: 5 } : { count: 64, rounds: 9 };
      rows.push(await compare(context, { base: await benchBase(name), ...size }));
    }
    return rows;
  },
};

interface Case {
  base: BenchBase;
  count: number;
  rounds: number;
}

async function compare({ threads, say }: BenchContext, { base, count, rounds }: Case): Promise<Row> {
  say(`batch, ${base.name}`);
  const three = await randomExperts(base, 16, 3);
  const side = await openDecoder('ours', {
    baseFolder: base.folder,
    gguf: '',
    llama: '',
    threads,
    experts: three,
    room: 256,
    rows: 3,
    adapters: true,
  });
  try {
    const row = (i: number) => ({
      prompts: [tokenRow(32, i)],
      weights: [{ [three[i]!.name]: 1 }],
      forced: [tokenRow(count, 10 + i)],
    });
    const rows = three.map((_, i) => row(i));
    const together = {
      prompts: rows.flatMap(r => r.prompts),
      weights: rows.flatMap(r => r.weights),
      forced: rows.flatMap(r => r.forced),
    };
    const took = (d: { prefillMs: number; decodeMs: number }) => d.prefillMs + d.decodeMs;
    const [one, apart] = await alternate(rounds, [
      async () => took(await side.decode({ ...together, count })),
      async () => {
        let sum = 0;
        for (const r of rows) sum += took(await side.decode({ ...r, count }));
        return sum;
      },
    ]);
    const choices = (await side.decode({ ...together, count })).choices;
    const alone = await Promise.all(rows.map(async r => (await side.decode({ ...r, count })).choices[0]!));
    const same = choices.flat().filter((id, i) => id === alone.flat()[i]).length;
    const speed = (times: number[], middle = median) => (1000 * 3 * count) / middle(times);
    return {
      group: 'batch',
      name: `${base.name}, three prompts for three experts`,
      unit: 'tokens/s',
      value: speed(one!),
      against: { name: 'one after another', value: speed(apart!) },
      fastest: { value: speed(one!, fastest), against: speed(apart!, fastest) },
      target: { kind: 'ratioAtLeast', is: 2 },
      notes: [
        `prompts of 32 tokens, ${count} decoded, experts of rank 16; ${same} of ${choices.flat().length} greedy tokens are those of the row alone`,
      ],
    };
  } finally {
    await side.end();
  }
}
