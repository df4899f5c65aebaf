import { embeddedBase, randomBase } from '../bases.ts';
import { openDecoder, type Switched } from '../decoderSide.ts';
import { type BenchExpert, randomExperts } from '../experts.ts';
import { alternate, median } from '../measure.ts';
import { installLlama } from '../peers/installLlama.ts';
import { writeGguf } from '../peers/writeGguf.ts';
import type { Row, RowGroup } from '../row.ts';
import { number } from '../table.ts';
import { tokenRow } from '../tokens.ts';

const ranks = [4, 16, 64];
const counts = [1, 3, 8];
const tokens = 48;

interface Cell {
  rank: number;
  count: number;
  ours: number;
  worst: number;
  delta: number;
}

/** Another expert or another blend before every token. */
export const switching: RowGroup = {
  name: 'switching',
  about: "a change of expert or blend: ms against node-llama-cpp's ways",
  async run({ threads, say }) {
    say('switching');
    const base = embeddedBase();
    const params = {
      baseFolder: base.folder,
      gguf: await writeGguf(base, 'F32'),
      threads,
      room: 256,
      rows: 1,
      adapters: true,
    };
    const llama = await installLlama();
    const cells: Cell[] = [];
    let peer: { context: number; call: number; after: number; ownAfter: number } | undefined;
    for (const rank of ranks)
      for (const count of counts) {
        const loaded = await randomExperts(base, rank, count);
        const own = await openDecoder('ours', { ...params, llama, experts: loaded });
        const ways = weightTables(loaded);
        const constant = ways.map(() => ways[0]!);
        const ask = (side: typeof own, tables: typeof ways) => () =>
          side.call<Switched>('switches', { prompt: tokenRow(32, 1), tables });
        const turns = [ask(own, ways), ask(own, constant)];
        const isPeers = rank === 16 && count === 3;
        // One thread, at which llama.cpp is faster on a base of this size.
        const other = isPeers
          ? await openDecoder('llama', { ...params, llama, experts: loaded, threads: 1 })
          : undefined;
        if (other) turns.push(ask(other, ways), ask(other, constant));
        const [changed, same, theirsChanged, theirsSame] = await alternate(5, turns);
        const after = (a: Switched[], b: Switched[]) =>
          median(a.map(t => median(t.tokenMs))) - median(b.map(t => median(t.tokenMs)));
        const calls = changed!.map(t => median(t.callMs));
        const worst = median(changed!.map(t => Math.max(...t.callMs)));
        cells.push({ rank, count, ours: median(calls), worst, delta: after(changed!, same!) });
        if (other) {
          peer = {
            context: median(await other.call<number[]>('contexts', { tables: ways.slice(0, 12) })),
            call: median(theirsChanged!.map(t => median(t.callMs))),
            after: after(theirsChanged!, theirsSame!),
            ownAfter: after(changed!, same!),
          };
          await other.end();
        }
        await own.end();
      }
    return [...rowsOf(cells, peer!), await firstUse(threads)];
  },
};

/** A set of experts that are not side by side in the bank, used for the first time since one was loaded. */
async function firstUse(threads: number): Promise<Row> {
  const base = await randomBase('135M');
  const rank = 8;
  const loaded = await randomExperts(base, rank, 5);
  const params = { baseFolder: base.folder, gguf: '', llama: '', threads, room: 256, rows: 1, adapters: true };
  const own = await openDecoder('ours', { ...params, experts: loaded });
  try {
    const tables = loaded.flatMap((a, i) => loaded.slice(i + 2).map(b => ({ [a.name]: 0.5, [b.name]: 0.5 })));
    const { callMs } = await own.call<Switched>('switches', { prompt: tokenRow(8, 1), tables: [{}, ...tables] });
    return {
      group: 'switching',
      name: '135M, first blend of two experts of rank 8 that are not neighbours',
      unit: 'ms',
      value: median(callMs.slice(1)),
      against: undefined,
      target: { kind: 'valueAtMost', is: 1 },
      notes: [`each of ${tables.length} pairs of five loaded experts once; later uses cost what the rows above say`],
    };
  } finally {
    await own.end();
  }
}

/** Every expert by itself and blends of all, so that no two tokens in a row have the same. */
function weightTables(loaded: BenchExpert[]): Record<string, number>[] {
  return Array.from({ length: tokens }, (_, t) => {
    const one = loaded[t % loaded.length]!.name;
    if (t % 2 === 0) return { [one]: 1 - (t % 8) / 16 };
    return Object.fromEntries(loaded.map((e, i) => [e.name, (1 + ((i + t) % loaded.length)) / loaded.length]));
  });
}

function rowsOf(cells: Cell[], peer: { context: number; call: number; after: number; ownAfter: number }): Row[] {
  const middle = cells.find(c => c.rank === 16 && c.count === 3)!;
  const grid = cells.map(c => `r${c.rank}×${c.count} ${number(c.ours)} (${number(c.worst)})`).join(', ');
  const [least, most] = [Math.min(...cells.map(c => c.ours)), Math.max(...cells.map(c => c.ours))];
  return [
    {
      group: 'switching',
      name: 'change of expert or blend, three of rank 16',
      unit: 'ms',
      value: middle.ours,
      against: { name: 'node-llama-cpp, new context', value: peer.context },
      target: { kind: 'valueAtMost', is: 1 },
      notes: [
        'ours: gates and factors for the next run, the cache is kept; theirs: createContext({ lora }), the documented way, which loses the cache',
        `node-llama-cpp's undocumented setLoras on a living context: ${number(peer.call)} ms, and the next token ${number(peer.after)} ms later than without a change; ours ${number(peer.ownAfter)} ms`,
      ],
    },
    {
      group: 'switching',
      name: 'the slowest of ranks 4, 16, 64 and 1, 3, 8 experts',
      unit: 'ms',
      value: most,
      against: { name: 'the quickest of them', value: least },
      target: { kind: 'valueAtMost', is: 1 },
      notes: [`median (worst of ${tokens} changes) in ms: ${grid}`],
    },
  ];
}
