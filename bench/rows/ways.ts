import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EngineClient } from '../../src/client/engineClient.ts';
import type { WorkbenchError } from '../../src/protocol/errors.ts';
import type { ReportScore } from '../../src/protocol/report.ts';
import { benchBase } from '../bases.ts';
import { buildEngine, startBuiltEngine } from '../builtEngine.ts';
import { writeGguf } from '../peers/writeGguf.ts';
import type { BenchContext, Row, RowGroup } from '../row.ts';
import { firstLine } from '../server.ts';

const path = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const expert = 'commits';
const workers = 2;

/** What came of the recipe in one way. */
interface Way {
  name: string;
  score: ReportScore;
  answers: string[];
  /** Of each step, as the run tells them. */
  losses: number[];
}

/**
 * One recipe, three ways, on the embedded base: trained and answered here; trained on Ray, answered here; trained here,
 * answered by llama.cpp's server. Folders with the reports stay in the bench's output.
 */
export const ways: RowGroup = {
  name: 'ways',
  about:
    'one recipe trained here, on Ray (RAY, its dashboard; PYTHON there), and answered by llama.cpp (LLAMA_PYTHON that has xllamacpp)',
  async run(context) {
    const { RAY: ray, PYTHON: python, LLAMA_PYTHON: llama } = process.env;
    if (!ray && !llama) throw new Error('neither RAY nor LLAMA_PYTHON says where another way is');
    await buildEngine();
    const engine = startBuiltEngine(context.threads);
    try {
      context.say('ways: here');
      const here = await trained(engine, context, 'here', {});
      const others: Way[] = [];
      if (ray) {
        context.say('ways: on Ray');
        const on = { place: `ray:${ray}`, workers, ...(python && { python }) };
        others.push(await trained(engine, context, 'ray', { on }));
      }
      if (llama) {
        context.say('ways: llama.cpp answers');
        others.push(await answeredByLlama(engine, context, here, llama));
      }
      return [rowOf(here, undefined), ...others.map(way => rowOf(way, here))];
    } finally {
      await engine.dispose();
    }
  },
};

/** Trains the recipe in a folder of its own, and evaluates it here. */
async function trained(
  engine: EngineClient,
  { out }: BenchContext,
  name: string,
  { on }: { on?: { place: string; workers: number; python?: string } },
): Promise<Way> {
  const folder = join(out, 'ways', name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(dirname(folder), { recursive: true });
  cpSync(path('examples/first'), folder, { recursive: true });
  const recipe = join(folder, 'commits.lora.json');
  const losses: number[] = [];
  const onProgress = (told: { kind: string; event?: { type: string; experts?: Record<string, { loss: number }> } }) => {
    if (told.event?.type === 'step') losses.push(told.event.experts![expert]!.loss);
  };
  if (on) await engine.request('trainElsewhere', { recipe, expert, on, resume: false }, { onProgress });
  else await engine.request('train', { recipe, resume: false }, { onProgress });
  return {
    name: on ? 'trained on Ray, answered here' : 'trained and answered here',
    losses,
    ...(await asked(engine, recipe)),
  };
}

async function asked(engine: EngineClient, recipe: string, on?: string): Promise<Pick<Way, 'score' | 'answers'>> {
  const { report } = await engine.request('evaluate', { recipe, ...(on && { engines: [on] }) });
  const system = on ? `${expert} on ${on}` : expert;
  const score = report.scores.find(each => each.system === system);
  if (!score) throw new Error(`the report has no ${system}`);
  const prompts = readFileSync(join(dirname(recipe), 'heldout.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map(line => (JSON.parse(line) as { messages: { content: string }[] }).messages[0]!.content);
  const target = { kind: 'expert' as const, name: expert };
  const { answers } = await engine.request('askAll', { recipe, target, prompts, ...(on && { engine: on }) });
  return { score, answers: answers.map(({ text }) => text) };
}

/** The recipe of `here` once more, with llama.cpp's server as an engine of it. */
async function answeredByLlama(
  engine: EngineClient,
  { out, threads }: BenchContext,
  here: Way,
  python: string,
): Promise<Way> {
  const folder = join(out, 'ways', 'llama');
  rmSync(folder, { recursive: true, force: true });
  cpSync(join(out, 'ways', 'here'), folder, { recursive: true });
  const recipe = join(folder, 'commits.lora.json');
  // The comments of the example go; what it says stays.
  const own = JSON.parse(readFileSync(recipe, 'utf8').replace(/^\s*\/\/.*$/gm, ''));
  const withEngine = (url: string) =>
    writeFileSync(recipe, JSON.stringify({ ...own, engines: { llama: { kind: 'llama-server', url, timeout: 600 } } }));
  const model = await writeGguf(await benchBase('embedded'), 'F32');
  // A server without the adapter: the request writes it, and says where.
  const adapter = await withServer(python, model, [], threads, async url => {
    withEngine(url);
    const request = { recipe, target: { kind: 'expert' as const, name: expert }, prompt: 'x', engine: 'llama' };
    const said = await engine.request('ask', request).then(
      () => '',
      (error: WorkbenchError) => error.hint ?? '',
    );
    const file = / --lora (\S+)/.exec(said)?.[1];
    if (!file || !existsSync(file)) throw new Error(`no adapter was written: ${said}`);
    return file;
  });
  return withServer(python, model, [adapter], threads, async url => {
    withEngine(url);
    return {
      name: "trained here, answered by llama.cpp's server",
      losses: here.losses,
      ...(await asked(engine, recipe, 'llama')),
    };
  });
}

async function withServer<T>(
  python: string,
  model: string,
  adapters: string[],
  threads: number,
  work: (url: string) => Promise<T>,
): Promise<T> {
  const args = [path('bench/peers/llamaServer.py'), model, String(threads), '4', ...adapters];
  const server = spawn(python, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  try {
    return await work(await firstLine(server));
  } finally {
    server.stdin.end();
  }
}

function rowOf({ name, score, answers, losses }: Way, here: Way | undefined): Row {
  const percent = ({ correct, total }: ReportScore) => (100 * correct) / total;
  const alike = here && answers.filter((text, i) => text === here.answers[i]).length;
  const apart = here && Math.max(...losses.map((loss, i) => Math.abs(loss - here.losses[i]!)));
  return {
    group: 'ways',
    name,
    unit: '% right',
    value: percent(score),
    against: here && { name: 'here', value: percent(here.score) },
    target: undefined,
    notes: [
      `${score.correct} of ${score.total}, ${losses.length} steps, the last with a loss of ${losses.at(-1)!.toFixed(4)}`,
      ...(here ? [`${alike} answers word for word as here; losses at most ${apart!.toExponential(1)} apart`] : []),
    ],
  };
}
