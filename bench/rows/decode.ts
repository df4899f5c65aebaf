import { linearLayers } from '../../src/core/model/layout.ts';
import { loadBase } from '../../src/engine/loadBase.ts';
import { agreement } from '../agreement.ts';
import { type BenchBase, embeddedBase, randomBase } from '../bases.ts';
import { type Decoded, openDecoder } from '../decoderSide.ts';
import { randomExperts } from '../experts.ts';
import { alternate, fastest, median } from '../measure.ts';
import { installLlama } from '../peers/installLlama.ts';
import { writeGguf } from '../peers/writeGguf.ts';
import type { BenchContext, Row, RowGroup } from '../row.ts';
import { number } from '../table.ts';
import { tokenRow } from '../tokens.ts';

interface Case {
  base: BenchBase;
  prompt: number;
  count: number;
  rounds: number;
}

/** Prefill and decode with one expert, against llama.cpp with the same weights and the same adapter. */
export const decode: RowGroup = {
  name: 'decode',
  about: 'prefill and decode with one expert: tokens/s against llama.cpp',
  async run(context) {
    return [
      ...(await compare(context, { base: embeddedBase(), prompt: 128, count: 64, rounds: 11 })),
      ...(await compare(context, { base: await randomBase(), prompt: 128, count: 24, rounds: 7 })),
    ];
  },
};

async function compare({ threads, say }: BenchContext, { base, prompt, count, rounds }: Case): Promise<Row[]> {
  say(`decode, ${base.name}`);
  const [expert] = await randomExperts(base, 16, 1);
  const params = {
    baseFolder: base.folder,
    gguf: await writeGguf(base),
    threads,
    experts: [expert!],
    room: 256,
    rows: 1,
    llama: await installLlama(),
    adapters: true,
  };
  const own = await openDecoder('ours', params);
  // Small models lose more at llama.cpp's barriers than a second thread gives them: it is given its better count.
  const counts = [...new Set([1, threads])];
  const peers = await Promise.all(counts.map(n => openDecoder('llama', { ...params, threads: n })));
  try {
    const weights = { [expert!.name]: 1 };
    const request = {
      prompts: [tokenRow(prompt, 1)],
      weights: [weights],
      count,
      forced: [tokenRow(count, 2)],
    };
    const agreed = await agreement(own, peers[0]!, request);
    const [ownTurns, ...peerTurns] = await alternate(
      rounds,
      [own, ...peers].map(side => () => side.decode(request)),
    );
    const speeds = (tokens: number, time: (d: Decoded) => number) => {
      const speed = (turns: Decoded[], middle: (times: number[]) => number) =>
        (1000 * tokens) / middle(turns.map(time));
      const byThreads = peerTurns.map((turns, i) => ({
        threads: counts[i]!,
        median: speed(turns, median),
        fastest: speed(turns, fastest),
      }));
      const told = byThreads.map(p => `${number(p.median)} (${number(p.fastest)}) with ${p.threads}`).join(', ');
      return {
        own: speed(ownTurns!, median),
        ownFastest: speed(ownTurns!, fastest),
        peerFastest: Math.max(...byThreads.map(p => p.fastest)),
        peer: byThreads.reduce((best, p) => (p.median > best.median ? p : best)),
        note: `median (fastest) turns: ours ${number(speed(ownTurns!, median))} (${number(speed(ownTurns!, fastest))}) with ${threads} threads, llama.cpp ${told}`,
      };
    };
    const { config } = await loadBase(base.folder);
    const bytes = 4 * (linearLayers(config).reduce((sum, l) => sum + l.in * l.out, 0) + config.vocab * config.dim);
    const decoded = speeds(count, d => d.decodeMs);
    const prefilled = speeds(prompt, d => d.prefillMs);
    const row = (name: string, s: typeof decoded, notes: string[]): Row => ({
      group: 'decode',
      name: `${base.name}, ${name}`,
      unit: 'tokens/s',
      value: s.own,
      against: { name: `llama.cpp, ${s.peer.threads} thread${s.peer.threads > 1 ? 's' : ''}`, value: s.peer.median },
      fastest: { value: s.ownFastest, against: s.peerFastest },
      target: { kind: 'ratioAtLeast', is: 1 },
      notes: [...notes, s.note],
    });
    return [
      row('decode F32', decoded, [
        `one expert of rank 16 on all linears, ${count} tokens after ${prompt}, the same tokens fed to both`,
        agreed.note,
        `ours reads ${number((bytes * decoded.own) / 1e9)} GB/s of weights (${number(bytes / 1e6)} MB a token)`,
      ]),
      row('prefill F32', prefilled, [`${prompt} tokens`]),
    ];
  } finally {
    await Promise.all([own, ...peers].map(side => side.end()));
  }
}
