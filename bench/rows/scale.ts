import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EngineClient } from '../../src/client/engineClient.ts';
import type { Target } from '../../src/protocol/target.ts';
import { routerFrom } from '../../src/router/learned.ts';
import { readPrior } from '../../src/router/routerFile.ts';
import { trainRouter } from '../../src/router/trainRouter.ts';
import { embeddedBase } from '../bases.ts';
import { buildEngine, startBuiltEngine } from '../builtEngine.ts';
import { openDecoder, type Switched } from '../decoderSide.ts';
import { type ManyExperts, manyExperts, tinyRank } from '../manyExperts.ts';
import { alternate, fastest, median } from '../measure.ts';
import type { BenchContext, Row, RowGroup } from '../row.ts';
import { scalePlot } from '../scalePlot.ts';
import { startServer } from '../server.ts';
import { residentBytesOf } from '../side.ts';
import { type SyntheticDomain, syntheticDomains } from '../syntheticDomains.ts';
import { number } from '../table.ts';
import { tokenRow } from '../tokens.ts';

/** How many experts there are. */
const counts = [10, 100, 1000];
const switches = 200;
const batchRows = 64;
/** A bank that holds an eighth of it: fewer experts than there are. */
const limit = '0.4GB';

/** What was measured with so many experts. */
export interface AtScale {
  experts: number;
  /** Milliseconds: of answers the fastest, of changes the median. */
  switchMs: number;
  blendMs: number;
  againMs: number;
  loadMs: number;
  routeMs: number;
  routedMs: number;
  /** From the start of the process. */
  firstMs: number;
  /** Until the first routed answer, in which the router is trained. */
  firstRoutedMs: number;
  /** Over HTTP: an adapter that is loaded last, and one token of one of all. */
  httpLoadMs: number;
  httpMs: number;
  /** Of processor time. */
  fitSeconds: number;
  /** Shares of held-out prompts of which the domain's expert has most weight, and all. */
  most: number;
  alone: number;
  /** Resident MB: base alone, all experts in the bank, and with a bank that is full before. */
  baseMb: number;
  allMb: number;
  fullMb: number;
}

/** Ten, a hundred and a thousand experts: what is flat, and what grows. */
export const scale: RowGroup = {
  name: 'scale',
  about: '10, 100 and 1,000 experts: first answer, load, switch, memory, a batch of 64 experts, the router; a plot',
  async run(context) {
    await buildEngine();
    const base = embeddedBase();
    const found: AtScale[] = [];
    for (const count of counts) {
      context.say(`scale: ${count} experts`);
      const domains = syntheticDomains(count, { train: 40 });
      const many = await manyExperts(base, domains);
      found.push({
        experts: count,
        ...(await answered(context, many, domains)),
        ...(await switched(context, many)),
        ...(await served(context, many)),
        ...routed(domains),
      });
    }
    context.say(`scale: ${batchRows} rows`);
    const together = await batchOf(context, await manyExperts(base, syntheticDomains(counts.at(-1)!, { train: 40 })));
    writeFileSync(join(context.out, 'scale.svg'), scalePlot(found));
    return [...rowsOf(found), together];
  },
};

/** Through the engine as it ships: what a user waits for, and its memory. */
async function answered({ threads }: BenchContext, { recipe, experts }: ManyExperts, domains: SyntheticDomain[]) {
  // So that it is trained within the first routed answer.
  rmSync(join(recipe, '..', 'out', 'router'), { recursive: true, force: true });
  const ask = async (engine: EngineClient, target: Target, prompt = 'What is 3 + 4?') => {
    const started = performance.now();
    await engine.request('ask', { recipe, prompt, target, settings: { maxTokens: 1 } });
    return performance.now() - started;
  };
  const expert = (i: number): Target => ({ kind: 'expert', name: experts[i]!.name });
  const started = performance.now();
  const engine = startBuiltEngine(threads);
  const megabytes = (of: EngineClient) => residentBytesOf(of.pid!) / 1e6;
  try {
    await ask(engine, expert(0));
    const firstMs = performance.now() - started;
    for (let i = 0; i < 50; i++) await ask(engine, { kind: 'base' });
    const baseMb = megabytes(engine);
    const loads: number[] = [];
    for (let i = 1; i < experts.length; i++) loads.push(await ask(engine, expert(i)));
    const again: number[] = [];
    for (let i = 0; i < 100; i++) again.push(await ask(engine, expert((37 * i) % experts.length)));
    const allMb = megabytes(engine);
    const firstRoutedMs = await ask(engine, { kind: 'auto' }, domains[0]!.heldOut[0]);
    const routes: number[] = [];
    for (let i = 0; i < 100; i++)
      routes.push(await ask(engine, { kind: 'auto' }, domains[(37 * i) % domains.length]!.heldOut[1]));
    const small = startBuiltEngine(threads, ['--memory-limit', limit]);
    try {
      for (let i = 0; i < experts.length; i++) await ask(small, expert(i));
      const last = loads.slice(-50);
      return {
        firstMs,
        baseMb,
        allMb,
        firstRoutedMs,
        loadMs: fastest(last),
        againMs: fastest(again),
        routedMs: fastest(routes),
        fullMb: megabytes(small),
      };
    } finally {
      await small.dispose();
    }
  } finally {
    await engine.dispose();
  }
}

/** Another expert, or a blend of two that are anywhere, before every token, with all in the bank. */
async function switched({ threads }: BenchContext, { experts }: ManyExperts) {
  const side = await openDecoder('ours', decoderParams(threads, experts, 1));
  try {
    const names = experts.map(e => e.name);
    const other = (i: number) => names[(i * 389 + 7) % names.length]!;
    const single = Array.from({ length: switches }, (_, i) => ({ [names[(i * 37) % names.length]!]: 1 }));
    const blends = Array.from({ length: switches }, (_, i) => ({
      [names[(i * 37) % names.length]!]: 0.5,
      [other(i)]: 0.4,
    }));
    const timesOf = async (tables: Record<string, number>[]) =>
      (await side.call<Switched>('switches', { prompt: tokenRow(8, 1), tables })).callMs;
    await timesOf(single);
    return { switchMs: median(await timesOf(single)), blendMs: median(await timesOf(blends)) };
  } finally {
    await side.end();
  }
}

/** Adapters that a server on the base alone is given one by one. */
async function served({ threads }: BenchContext, { experts }: ManyExperts) {
  const server = await startServer(['--model', 'embedded'], threads);
  const post = async (path: string, body: unknown) => {
    const started = performance.now();
    const response = await fetch(`${server.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
    await response.text();
    return performance.now() - started;
  };
  try {
    const loads: number[] = [];
    for (const { name, folder } of experts)
      loads.push(await post('/load_lora_adapter', { lora_name: name, lora_path: folder }));
    const answers: number[] = [];
    for (let i = 0; i < 100; i++) {
      const { name } = experts[(37 * i) % experts.length]!;
      answers.push(await post('/completions', { model: name, prompt: `What is ${i} + 4?`, max_tokens: 1 }));
    }
    return { httpLoadMs: fastest(loads.slice(-50)), httpMs: fastest(answers) };
  } finally {
    server.process.kill();
  }
}

/** The router as a recipe of these experts has it. */
function routed(domains: SyntheticDomain[]) {
  const path = (name: string) => fileURLToPath(new URL(`../../media/router/${name}`, import.meta.url));
  const prior = readPrior(JSON.parse(readFileSync(path('prior.json'), 'utf8')), readFileSync(path('prior.bin')));
  const experts = domains.map(({ name, train }) => ({ name, domain: name, prompts: train }));
  const before = process.cpuUsage();
  const route = routerFrom(trainRouter({ prior, experts, seed: 1 }));
  const spent = process.cpuUsage(before);
  const fitSeconds = (spent.user + spent.system) / 1e6;
  let [most, alone, all] = [0, 0, 0];
  const times: number[] = [];
  for (const { name, heldOut } of domains)
    for (const prompt of heldOut) {
      const asked = performance.now();
      const { expert, weights } = route(prompt);
      times.push(performance.now() - asked);
      all++;
      if (expert === name) alone++;
      if (Object.entries(weights).sort((a, b) => b[1] - a[1])[0]?.[0] === name) most++;
    }
  return { fitSeconds, routeMs: median(times), most: most / all, alone: alone / all };
}

/** Rows of an expert each, anywhere in a bank of a thousand, against as many rows of one expert. */
async function batchOf({ threads }: BenchContext, { experts }: ManyExperts): Promise<Row> {
  const side = await openDecoder('ours', decoderParams(threads, experts, batchRows));
  try {
    const count = 24;
    const rows = Array.from({ length: batchRows }, (_, i) => i);
    const request = {
      prompts: rows.map(i => tokenRow(16, i)),
      count,
      forced: rows.map(i => tokenRow(count, 100 + i)),
    };
    const each = rows.map(i => ({ [experts[((i * experts.length) / batchRows) | 0]!.name]: 1 }));
    const one = rows.map(() => ({ [experts[0]!.name]: 1 }));
    const [own, same] = await alternate(5, [
      () => side.decode({ ...request, weights: each }),
      () => side.decode({ ...request, weights: one }),
    ]);
    const { choices } = await side.decode({ ...request, weights: each });
    let agree = 0;
    for (const i of [0, 21, 42, 63]) {
      const { prompts, forced } = request;
      const alone = await side.decode({ prompts: [prompts[i]!], forced: [forced[i]!], count, weights: [each[i]!] });
      agree += alone.choices[0]!.filter((token, t) => token === choices[i]![t]).length;
    }
    const speed = (turns: { decodeMs: number }[], middle = median) =>
      (1000 * batchRows * count) / middle(turns.map(turn => turn.decodeMs));
    return {
      group: 'scale',
      name: `${batchRows} rows of ${batchRows} experts`,
      unit: 'tokens/s',
      value: speed(own!),
      against: { name: `${batchRows} rows of one`, value: speed(same!) },
      fastest: { value: speed(own!, fastest), against: speed(same!, fastest) },
      target: undefined,
      notes: [
        `every sixteenth of ${experts.length} experts of rank ${tinyRank}; ${agree} of ${4 * (count + 1)} greedy tokens of four rows are those of the row alone`,
      ],
    };
  } finally {
    await side.end();
  }
}

function decoderParams(threads: number, experts: ManyExperts['experts'], rows: number) {
  const loaded = experts.map(e => ({ ...e, gguf: '' }));
  return {
    baseFolder: embeddedBase().folder,
    gguf: '',
    llama: '',
    threads,
    room: 320,
    rows,
    adapters: true,
    experts: loaded,
  };
}

function rowsOf(found: AtScale[]): Row[] {
  const [least, most] = [found[0]!, found.at(-1)!];
  const all = (value: (at: AtScale) => number) =>
    found.map(at => `${at.experts.toLocaleString('en-US')}: ${number(value(at))}`).join(', ');
  const row = (name: string, unit: string, value: (at: AtScale) => number, notes: string[] = []): Row => ({
    group: 'scale',
    name: `${name}, ${most.experts.toLocaleString('en-US')} experts`,
    unit,
    value: value(most),
    against: { name: `${least.experts} experts`, value: value(least) },
    target: undefined,
    notes: [all(value), ...notes],
  });
  const atMost = (of: Row, is: number): Row => ({ ...of, target: { kind: 'valueAtMost', is } });
  return [
    row('first answer of a process', 'ms', at => at.firstMs),
    row('answer of an expert that is not loaded', 'ms', at => at.loadMs, ['one token; the fastest of the last 50']),
    row('answer of an expert that is loaded', 'ms', at => at.againMs, ['one token; the fastest of 100']),
    atMost(
      row('change of expert', 'ms', at => at.switchMs),
      1,
    ),
    atMost(
      row('change to a new blend of two', 'ms', at => at.blendMs),
      1,
    ),
    row('server: an adapter is loaded', 'ms', at => at.httpLoadMs),
    row('server: one token of one of all adapters', 'ms', at => at.httpMs),
    row('router: training', 's', at => at.fitSeconds, ['processor time; 40 prompts a domain']),
    row('router: a prompt', 'ms', at => at.routeMs),
    row('routed answer', 'ms', at => at.routedMs),
    row('first routed answer, router trained', 'ms', at => at.firstRoutedMs),
    row('router: most weight to the right expert', '%', at => 100 * at.most, [
      'phrasing that no prompt was trained on',
    ]),
    row('router: all weight to the right expert', '%', at => 100 * at.alone),
    row('memory, all loaded', 'MB', at => at.allMb, [`with the base alone: ${all(at => at.baseMb)}`]),
    row(`memory, --memory-limit ${limit}`, 'MB', at => at.fullMb, ['all experts asked once; the bank keeps 50 MB']),
  ];
}
