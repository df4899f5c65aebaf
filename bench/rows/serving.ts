import { spawn, spawnSync } from 'node:child_process';
import { openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BenchBase, benchBase } from '../bases.ts';
import { cacheFolder } from '../cacheFolder.ts';
import { type BenchExpert, randomExperts } from '../experts.ts';
import { alternate, median } from '../measure.ts';
import { writeGguf } from '../peers/writeGguf.ts';
import type { BenchContext, Row, RowGroup } from '../row.ts';
import { firstLine, type Server, startServer } from '../server.ts';
import { number } from '../table.ts';

const clientCounts = [1, 2, 4, 8, 16];
const answerTokens = 48;
const rounds = 3;

/** Chats of several clients at once, over HTTP. */
export const serving: RowGroup = {
  name: 'serving',
  about:
    'tokens/s of 1 to 16 clients: against one after another and, with PYTHON that has xllamacpp or vllm, their servers',
  async run(context) {
    const rows: Row[] = [];
    // Words of the random base are no text to make a chat of, and answers of random experts on the embedded one end at once.
    for (const name of context.bases.filter(each => each === 'smollm2'))
      rows.push(...(await compare(context, await benchBase(name))));
    return rows;
  },
};

async function compare({ threads, say }: BenchContext, base: BenchBase): Promise<Row[]> {
  say(`serving, ${base.name}`);
  const experts = await randomExperts(base, 16, 3);
  const ours = await startOurs(base, experts, threads);
  const peers: Peer[] = [];
  try {
    const python = process.env.PYTHON;
    if (python && has(python, 'xllamacpp'))
      peers.push({
        name: 'llama.cpp, one adapter for all',
        server: await startLlama(python, base, experts[0]!, threads),
      });
    if (python && has(python, 'vllm'))
      peers.push({
        name: 'vLLM, three adapters in turn',
        server: await startVllm(python, base, experts, threads),
        experts,
      });
    const rows: Row[] = [];
    let alone: number | undefined;
    for (const clients of clientCounts) {
      say(`serving, ${base.name}, ${clients} clients`);
      const turns = peers.map(peer => () => throughput(peer.server, clients, peer.experts));
      const [own, ...others] = await alternate(rounds, [() => throughput(ours, clients, experts), ...turns]);
      alone ??= median(own!);
      // What was measured is told at once: a peer that crawls on a busy machine must not take it with it.
      const told = peers.map((peer, i) => `, ${peer.name} ${number(median(others[i]!))}`);
      say(`serving, ${base.name}, ${clients} clients: ${number(median(own!))} tokens/s${told.join('')}`);
      const row = {
        group: 'serving',
        unit: 'tokens/s',
        value: median(own!),
        target: undefined,
        notes: [
          `prompts of about 60 tokens, ${answerTokens} decoded, ${rounds} rounds: ${own!.map(Math.round).join(', ')}` +
            peers.map((peer, i) => `; ${peer.name}: ${others[i]!.map(Math.round).join(', ')}`).join(''),
        ],
      };
      const name = `${base.name}, ${clients} ${clients === 1 ? 'client' : 'clients'}`;
      if (clients > 1)
        rows.push({
          ...row,
          name: `${name}, three experts in turn`,
          against: { name: 'one after another', value: alone },
        });
      for (const [i, peer] of peers.entries())
        rows.push({ ...row, name, against: { name: peer.name, value: median(others[i]!) } });
    }
    return rows;
  } finally {
    ours.process.kill();
    for (const { server } of peers) server.process.stdin!.end();
  }
}

interface Peer {
  name: string;
  server: Server;
  /** Those that its clients ask in turn, where it has several. */
  experts?: BenchExpert[];
}

function has(python: string, module: string): boolean {
  const script = `import importlib.util, sys; sys.exit(importlib.util.find_spec('${module}') is None)`;
  return spawnSync(python, ['-c', script], { stdio: 'ignore' }).status === 0;
}

async function startOurs(base: BenchBase, experts: BenchExpert[], threads: number): Promise<Server> {
  const recipe = join(cacheFolder('serving'), `${base.name}.lora.json`);
  const adapters = experts.map(({ name, folder }) => [name, { adapter: folder }]);
  // A base in GGUF is held in as many bits by both sides, or in more here.
  const source = base.gguf ? { base: base.gguf, quantization: 'int8' } : { base: base.folder };
  writeFileSync(recipe, JSON.stringify({ version: 1, ...source, experts: Object.fromEntries(adapters) }));
  return startServer([recipe], threads);
}

async function startLlama(python: string, base: BenchBase, expert: BenchExpert, threads: number): Promise<Server> {
  const model = base.gguf ?? (await writeGguf(base, 'F32'));
  const script = fileURLToPath(new URL('../peers/llamaServer.py', import.meta.url));
  const args = [script, model, String(threads), String(Math.max(...clientCounts)), expert.gguf];
  const server = spawn(python, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  return { process: server, url: `${await firstLine(server)}/v1` };
}

async function startVllm(python: string, base: BenchBase, experts: BenchExpert[], threads: number): Promise<Server> {
  const script = fileURLToPath(new URL('../peers/vllmServer.py', import.meta.url));
  const adapters = experts.map(({ name, folder }) => `${name}=${folder}`);
  const args = [script, base.folder, String(threads), String(Math.max(...clientCounts)), ...adapters];
  const log = openSync(join(cacheFolder('serving'), 'vllm.log'), 'w');
  const server = spawn(python, args, { stdio: ['pipe', 'pipe', log] });
  return { process: server, url: `${await firstLine(server)}/v1` };
}

const words = ['river', 'table', 'seven', 'garden', 'window', 'apple', 'winter', 'music', 'paper', 'stone'];

/** Tokens that all clients get in a second, each with two questions, one after the other. */
async function throughput({ url }: Server, clients: number, experts?: BenchExpert[]): Promise<number> {
  const started = performance.now();
  const counts = await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      let tokens = 0;
      for (let turn = 0; turn < 2; turn++) {
        // None begins as another: no side reads less than all.
        const seed = Math.floor(Math.random() * 1e6);
        const text = Array.from({ length: 40 }, (_, i) => words[(seed * (i + 7) + i * i) % words.length]).join(' ');
        const response = await fetch(`${url}/chat/completions`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({
            ...(experts && { model: experts[client % experts.length]!.name }),
            messages: [{ role: 'user', content: `${seed} ${text}` }],
            max_tokens: answerTokens,
            temperature: 0,
          }),
        });
        const { usage } = (await response.json()) as { usage: { completion_tokens: number } };
        tokens += usage.completion_tokens;
      }
      return tokens;
    }),
  );
  return (1000 * counts.reduce((a, b) => a + b, 0)) / (performance.now() - started);
}
