/**
 * Kills verbs of the command line at random moments, with all their processes, the engine alone or the command alone. After
 * each kill what was there before must be whole, and the next run must succeed at once, end in the same files as
 * one that nobody disturbed, and leave no lock or temporary file.
 *
 *   npm run kills [-- COUNT SEED VERB…]     default 200 1, all verbs; the programs as `node scripts/build.mjs` makes them
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startHub } from '../../test/support/hubServer.ts';
import { childrenOf } from '../../test/support/processes.ts';
import { isRunning } from '../../test/support/programs.ts';
import { tinyExperiment } from '../../test/support/tinyExperiment.ts';
import { root } from '../build/root.mjs';
import { diceOf } from './mutate.ts';

const [count = '200', first = '1', ...chosen] = process.argv.slice(2);
const work = mkdtempSync(join(tmpdir(), 'multi-lora-kills-'));
const hub = await startHub(join(root, 'media/base'));

/** What a verb works on: an experiment, caches and a folder for temporary files, each a folder of the place. */
interface Scene {
  /** Before the verb; made once, and copied for each kill. */
  changes?: Record<string, unknown>;
  isTrained: boolean;
  args(recipe: string, place: string): string[];
}

const training = { steps: 12, batchSize: 2, checkpointEvery: 2, validateEvery: 0, keepCheckpoints: 3 };
const scenes: Record<string, Scene> = {
  train: { isTrained: false, args: recipe => ['train', recipe] },
  resume: { isTrained: false, args: recipe => ['train', recipe, '--resume'] },
  retrain: { isTrained: true, args: recipe => ['train', recipe] },
  promote: { isTrained: true, args: recipe => ['checkpoints', recipe, '--promote', 'math', '--step', '10'] },
  merge: { isTrained: true, args: recipe => ['merge', recipe, 'both'] },
  mergeIntoBase: {
    isTrained: true,
    args: (recipe, place) => ['merge', recipe, 'both', '--into-base', '--out', join(place, 'work/full')],
  },
  export: {
    isTrained: true,
    args: (recipe, place) => ['export', recipe, 'math', '--format', 'gguf', '--out', join(place, 'work/math.gguf')],
  },
  quantise: {
    isTrained: true,
    changes: { quantization: 'int4' },
    args: recipe => ['ask', '--recipe', recipe, '--expert', 'math', 'What is 3 + 4?'],
  },
  get: { isTrained: false, args: () => ['get', 'test/base', '--endpoint', hub.endpoint] },
  eval: { isTrained: true, args: recipe => ['eval', recipe] },
};
const names = chosen.length > 0 ? chosen : Object.keys(scenes);

function start(args: string[], place: string): ChildProcess & { told: string } {
  const env = {
    ...process.env,
    MULTI_LORA_CACHE: join(place, 'cache'),
    HF_HUB_CACHE: join(place, 'hub'),
    TMPDIR: join(place, 'tmp'),
  };
  const child = spawn(process.execPath, [join(root, 'dist/cli.mjs'), ...args, '--threads', '1', '--device', 'cpu'], {
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  }) as unknown as ChildProcess & { told: string };
  child.told = '';
  for (const stream of [child.stdout!, child.stderr!])
    stream.on('data', text => {
      child.told += text;
    });
  return child;
}

const ended = (child: ChildProcess) => new Promise<number | null>(resolve => child.once('close', resolve));

async function run(args: string[], place: string): Promise<{ code: number | null; time: number; told: string }> {
  const started = performance.now();
  const child = start(args, place);
  return { code: await ended(child), time: performance.now() - started, told: child.told };
}

/** SHA-256 of each file of a place, by path. */
function filesOf(place: string): Map<string, string> {
  const files = new Map<string, string>();
  for (const entry of readdirSync(place, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) continue;
    files.set(path.slice(place.length + 1), createHash('sha256').update(readFileSync(path)).digest('hex'));
  }
  return files;
}

/** Each run keeps its record, and what these say holds times. */
const isOfOneRun = (path: string) =>
  /\/(history|log)\//.test(path) ||
  /(report|curves|scores|training|probe)[^/]*\.(json|jsonl|html|md)$/.test(path) ||
  /\/training\//.test(path) ||
  /checkpoints?\//.test(path);
const isLeft = (path: string) => /\.(tmp|old|lock|part|partial|incomplete)$|\.lock\.|\.tmp\b|^tmp\//.test(path);
const isWeights = (path: string) => path.endsWith('.safetensors') || path.endsWith('.gguf');

/** Prepared places by scene: what they hold before the verb and after it. */
async function prepare(name: string) {
  const { isTrained, changes, args } = scenes[name]!;
  const place = join(work, name);
  for (const folder of ['work', 'cache', 'tmp', 'hub']) mkdirSync(join(place, folder), { recursive: true });
  const recipe = tinyExperiment({ training, ...changes }, join(place, 'work'));
  const must = async (words: string[]) => {
    const { code, told } = await run(words, place);
    if (code !== 0) throw new Error(`${name}: ${words.join(' ')}\n${told}`);
  };
  if (isTrained) await must(['train', recipe]);
  rmSync(join(place, 'cache/quantized'), { recursive: true, force: true });
  // What a verb replaces is there before.
  if (['merge', 'mergeIntoBase', 'export', 'eval'].includes(name)) await must(args(recipe, place));
  const clean = join(work, `${name}-before`);
  cpSync(place, clean, { recursive: true, verbatimSymlinks: true });
  const before = filesOf(place);
  const started = performance.now();
  await must(args(recipe, place));
  const time = performance.now() - started;
  return { place, clean, recipe, before, after: filesOf(place), time };
}

const modes = ['all', 'all', 'engine', 'command'] as const;
let faults = 0;
for (const [n, name] of names.entries()) {
  const scene = await prepare(name);
  const own = Math.floor(Number(count) / names.length) + (n < Number(count) % names.length ? 1 : 0);
  const dice = diceOf(Number(first) + n);
  const tally = { killed: 0, over: 0, unfinished: 0, most: 0 };
  for (let i = 0; i < own; i++) {
    const { place, clean, recipe } = scene;
    rmSync(place, { recursive: true, force: true });
    cpSync(clean, place, { recursive: true, verbatimSymlinks: true });
    const mode = dice.of(modes);
    const wait = Math.round((scene.time * 1.05 * (dice.below(1000) + 1)) / 1000);
    const words = scenes[name]!.args(recipe, place);
    const child = start(words, place);
    const end = ended(child);
    let isOver = false;
    void end.then(() => {
      isOver = true;
    });
    await delay(wait);
    const [engine] = childrenOf(child.pid!, 'engine.mjs');
    if (isOver) tally.over++;
    else {
      tally.killed++;
      // A number below zero is the whole group; all are killed too where there is no engine yet.
      const alone = mode === 'command' ? child.pid : mode === 'engine' ? engine : undefined;
      process.kill(alone ?? -child.pid!, 'SIGKILL');
    }
    const code = await end;
    // Of a command that was killed, the engine finishes its step.
    if (mode === 'command' && engine !== undefined) while (isRunning(engine)) await delay(20);
    const wrong: string[] = [];
    const now = filesOf(place);
    // What the next run has to clear: without any, the kills would show nothing.
    if ([...now.keys()].some(isLeft)) tally.unfinished++;
    for (const [path, hash] of scene.before)
      if (
        isWeights(path) &&
        !path.includes('/checkpoints/') &&
        now.get(path) !== hash &&
        now.get(path) !== scene.after.get(path)
      )
        if (now.has(path)) wrong.push(`after the kill ${path} is another`);
        else if (![...now].some(([p, h]) => h === hash && basename(dirname(p)).startsWith(basename(dirname(path)))))
          wrong.push(`after the kill ${path} is nowhere`);
    const again = await run(words, place);
    tally.most = Math.max(tally.most, again.time / scene.time);
    if (again.code !== 0) wrong.push(`the next run ends with ${again.code}: ${again.told.slice(-300)}`);
    const last = filesOf(place);
    for (const path of last.keys()) if (isLeft(path)) wrong.push(`left: ${path}`);
    for (const [path, hash] of scene.after)
      if (!isOfOneRun(path) && last.get(path) !== hash)
        wrong.push(`${path} is ${last.has(path) ? 'another' : 'not there'}`);
    for (const path of last.keys())
      if (!isOfOneRun(path) && !scene.after.has(path)) wrong.push(`more than without a kill: ${path}`);
    if (wrong.length > 0) {
      faults++;
      console.log(
        `${name}, ${mode} after ${wait} of ${Math.round(scene.time)} ms (exit ${code}):\n  ${wrong.join('\n  ')}`,
      );
    }
  }
  console.log(
    `${name.padEnd(14)} ${tally.killed} killed, ${tally.over} were over; ${tally.unfinished} left locks or temporary files to the next run, which took at most ${tally.most.toFixed(2)} times as long as undisturbed (${Math.round(scene.time)} ms)`,
  );
}
rmSync(work, { recursive: true, force: true });
console.log(`${faults} faults`);
process.exit(faults > 0 ? 1 : 0);
