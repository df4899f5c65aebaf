import { loadBase } from '../../src/experiment/base.ts';
import { linearLayers } from '../../src/nn/model/layout.ts';
import { blockSize, bytesPerBlock } from '../../src/nn/quant/blocks.ts';
import { agreement, roundedAgreement } from '../agreement.ts';
import { type BenchBase, benchBase } from '../bases.ts';
import { type Decoded, type DecoderParams, type DecoderSide, openDecoder } from '../decoderSide.ts';
import { randomExperts } from '../experts.ts';
import { alternate, fastest, median } from '../measure.ts';
import { installLlama } from '../peers/installLlama.ts';
import { writeGguf } from '../peers/writeGguf.ts';
import type { BenchContext, Row, RowGroup } from '../row.ts';
import { number } from '../table.ts';
import { tokenRow } from '../tokens.ts';

interface Case {
  base: BenchBase;
  /** Of the weights of products; by default as answers have them where a recipe says nothing. */
  precision: 'F32' | '8-bit' | 'by default';
  /** Without an expert. */
  alone?: boolean;
  /** llama.cpp reads the base's own file, whose weights it has in fewer bits. */
  ownFile?: boolean;
  prompt: number;
  count: number;
  rounds: number;
}

/** Prefill and decode with one expert, against llama.cpp with the same weights and the same adapter. */
const decodeIn = (precision: Case['precision'], name: string): RowGroup => ({
  name,
  about: `prefill and decode with one expert, ${precision}: tokens/s against llama.cpp`,
  async run(context) {
    const rows: Row[] = [];
    for (const name of context.bases) {
      const size = name !== 'embedded' ? { count: 24, rounds: 7 } : { count: 64, rounds: 11 };
      const base = await benchBase(name);
      rows.push(...(await compare(context, { base, precision, prompt: 128, ...size })));
      if (base.gguf) rows.push(...(await compare(context, { base, precision, ownFile: true, prompt: 128, ...size })));
    }
    return rows;
  },
});

export const decode = decodeIn('F32', 'decode');
export const decode8 = decodeIn('8-bit', 'decode8');

/** As users have it: the engine by default, llama.cpp with the same file. */
export const answers: RowGroup = {
  name: 'answers',
  about: 'prefill of 512 tokens and decode of 128 by default: tokens/s against llama.cpp on the same GGUF file',
  async run(context) {
    const rows: Row[] = [];
    for (const name of context.bases) {
      const base = await benchBase(name);
      if (!base.gguf) continue;
      const shared = { base, precision: 'by default', ownFile: true, prompt: 512, count: 128, rounds: 5 } as const;
      for (const alone of [true, false]) rows.push(...(await compare(context, { ...shared, alone })));
    }
    return rows;
  },
};

const quantizations = { F32: undefined, '8-bit': 'int8', 'by default': 'auto' } as const;

async function compare({ threads, say }: BenchContext, c: Case): Promise<Row[]> {
  const { base, precision, ownFile, alone, prompt, count, rounds } = c;
  say(`decode, ${base.name}, ${precision}${alone ? ', base alone' : ''}`);
  const [expert] = await randomExperts(base, 16, 1);
  const params = {
    baseFolder: base.folder,
    quantization: quantizations[precision],
    gguf: ownFile ? base.gguf! : await writeGguf(base, precision === '8-bit' ? 'Q8_0' : 'F32'),
    threads,
    experts: alone ? [] : [expert!],
    room: prompt + count,
    rows: 1,
    llama: await installLlama(),
    adapters: true,
  };
  const own = await openDecoder('ours', params);
  // Small models lose more at llama.cpp's barriers than a second thread gives them: it is given its better count.
  const counts = [...new Set([1, threads])];
  const peers = await Promise.all(counts.map(n => openDecoder('llama', { ...params, threads: n })));
  const builds = counts.map(n => ({ build: 'llama.cpp', threads: n }));
  if (precision === 'by default' && alone && process.env.PYTHON) {
    peers.push(await openDecoder('xllamacpp', params));
    builds.push({ build: 'xllamacpp', threads });
  }
  try {
    const weights = alone ? {} : { [expert!.name]: 1 };
    const request = {
      prompts: [tokenRow(prompt, 1)],
      weights: [weights],
      count,
      forced: [tokenRow(count, 2)],
    };
    const agreed = await (precision === 'F32' && !ownFile
      ? agreement(own, peers[0]!, request)
      : withDecoder({ ...params, quantization: undefined }, exact => roundedAgreement(own, peers[0]!, exact, request)));
    const [ownTurns, ...peerTurns] = await alternate(
      rounds,
      [own, ...peers].map(side => () => side.decode(request)),
    );
    const speeds = (tokens: number, time: (d: Decoded) => number) => {
      const speed = (turns: Decoded[], middle: (times: number[]) => number) =>
        (1000 * tokens) / middle(turns.map(time));
      const byBuild = peerTurns.map((turns, i) => ({
        ...builds[i]!,
        median: speed(turns, median),
        fastest: speed(turns, fastest),
      }));
      const told = byBuild
        .map(p => `${p.build} ${number(p.median)} (${number(p.fastest)}) with ${p.threads}`)
        .join(', ');
      return {
        own: speed(ownTurns!, median),
        ownFastest: speed(ownTurns!, fastest),
        peerFastest: Math.max(...byBuild.map(p => p.fastest)),
        peer: byBuild.reduce((best, p) => (p.median > best.median ? p : best)),
        note: `median (fastest) turns: ours ${number(speed(ownTurns!, median))} (${number(speed(ownTurns!, fastest))}) with ${threads} threads, ${told}`,
      };
    };
    const { config } = await loadBase(base.folder);
    const bytesPerWeight = { F32: 4, '8-bit': (bytesPerBlock(8) + 4) / blockSize, 'by default': 1 }[precision];
    const bytes =
      bytesPerWeight * (linearLayers(config).reduce((sum, l) => sum + l.in * l.out, 0) + config.vocab * config.dim);
    const decoded = speeds(count, d => d.decodeMs);
    const prefilled = speeds(prompt, d => d.prefillMs);
    const row = (name: string, s: typeof decoded, notes: string[]): Row => ({
      group: 'decode',
      name: `${base.name}${alone ? ' alone' : ''}, ${name}${ownFile && precision !== 'by default' ? ' against the file' : ''}`,
      unit: 'tokens/s',
      value: s.own,
      against: {
        name: `${s.peer.build}, ${s.peer.threads} thread${s.peer.threads > 1 ? 's' : ''}`,
        value: s.peer.median,
      },
      fastest: { value: s.ownFastest, against: s.peerFastest },
      target: { kind: 'ratioAtLeast', is: 1 },
      notes: [...notes, s.note],
    });
    say(`${base.name}: a token ${decoded.note}; a prompt ${prefilled.note}`);
    return [
      row(`decode ${precision}`, decoded, [
        `${alone ? 'no expert' : 'one expert of rank 16 on all linears'}, ${count} tokens after ${prompt}, the same tokens fed to both`,
        agreed.note,
        `ours reads ${number((bytes * decoded.own) / 1e9)} GB/s of weights (${number(bytes / 1e6)} MB a token)`,
      ]),
      row(`prefill ${precision}`, prefilled, [`${prompt} tokens`]),
    ];
  } finally {
    await Promise.all([own, ...peers].map(side => side.end()));
  }
}

/** This project's engine with other parameters, for as long as it is needed. */
async function withDecoder<T>(params: DecoderParams, use: (side: DecoderSide) => Promise<T>): Promise<T> {
  const side = await openDecoder('ours', params);
  try {
    return await use(side);
  } finally {
    await side.end();
  }
}
