import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { commands, lm, Uri, window, workspace } from 'vscode';
import type { RunRecord } from '../../../src/protocol/runRecord.ts';
import { untilWithin } from '../../support/untilWithin.ts';
import { enginePids } from './engineProcess.ts';
import { invokeTool } from './invokeTool.ts';
import { type Note, runSuite } from './suite.ts';
import { leastBlocked, longestBlock, watchHost, watchText } from './watchHost.ts';

const until = untilWithin(180_000, 100);

const folder = workspace.workspaceFolders![0]!.uri.fsPath;
const recipe = Uri.file(join(folder, 'long.lora.json'));

/** The record of the only run, once it is there. */
function recordPath(): string {
  const history = join(folder, 'runs', 'long', 'history');
  const [id = ''] = existsSync(history) ? readdirSync(history) : [];
  return join(history, id, 'run.json');
}

function record(): RunRecord {
  return JSON.parse(readFileSync(recordPath(), 'utf8'));
}

function stepsDone(): number {
  return existsSync(recordPath()) ? (record().progress?.done ?? 0) : 0;
}

export function run(): Promise<void> {
  return runSuite({
    async 'the host is never blocked while the engine trains'(note: Note) {
      const idle = await watchHost(delay(4000));
      await commands.executeCommand('multiLora.train', recipe, { only: ['long'] });
      const training = await leastBlocked(() => {
        const from = stepsDone();
        return until(() => stepsDone() >= from + 30);
      });
      const done = stepsDone();
      note(`${done} steps; ${watchText(training, idle)}`);
      assert.ok(training.computed < longestBlock, watchText(training, idle));
    },

    async 'an engine killed in the middle of a training: the training goes on, and the next request works'() {
      const { pid, id } = record();
      process.kill(pid, 'SIGKILL');
      await until(() => record().pid !== pid && record().state === 'running');
      assert.equal(record().id, id, 'the same run');
      assert.deepEqual(enginePids(), [record().pid]);
    },

    async 'a stop takes effect at once, with a checkpoint'(note: Note) {
      const { done } = record().progress!;
      await until(() => record().progress!.done > done);
      const started = performance.now();
      await commands.executeCommand('multiLora.stopTraining', recipe);
      await until(() => record().state === 'stopped');
      note(`stopped within ${(performance.now() - started).toFixed(0)} ms`);
      assert.deepEqual(readdirSync(join(folder, 'runs', 'long', 'checkpoints')), ['long.safetensors']);
    },

    async '100 files opened one after the other leave nothing behind'(note: Note) {
      const files = manyFiles(100);
      // The first round loads what is loaded once.
      await openAll(files.slice(0, 40));
      const before = leftovers();
      await openAll(files);
      const after = leftovers();
      note(`heap ${before.heap.toFixed(1)} → ${after.heap.toFixed(1)} MB`);
      note(`handles ${before.handles} → ${after.handles}, engines ${before.engines} → ${after.engines}`);
      assert.ok(after.engines <= 1);
      assert.ok(after.handles <= before.handles + 2);
      assert.ok(after.heap < before.heap + 20);
    },

    async 'an agent trains by a tool of the window, and is told what came of it'() {
      const scored = { recipe: 'scored.lora.json' };
      assert.match(
        await invokeTool('multiLora_train', scored),
        /^scored: trained, loss \d\.\d+ after 3 steps\.\nscored: .+scored$/,
      );
      await assert.rejects(
        invokeTool('multiLora_train', { recipe: 'none.lora.json' }),
        /no recipe 'none.*long\.lora\.json/s,
      );
    },

    async 'an agent sends no prompts to a server elsewhere that the user has not allowed'() {
      const path = join(folder, 'scored.lora.json');
      const before = readFileSync(path, 'utf8');
      const engines = { gpu: { kind: 'openai', url: 'http://gpu.invalid:8000/v1' } };
      writeFileSync(path, JSON.stringify({ ...JSON.parse(before), engines, answering: 'gpu' }));
      await assert.rejects(
        invokeTool('multiLora_evaluate', { recipe: 'scored.lora.json' }),
        /http:\/\/gpu\.invalid:8000.*nobody has allowed.*Servers That Get Prompts/s,
      );
      writeFileSync(path, before);
    },

    async 'the editor starts the server of agents for the folder, and lists its tools'() {
      const own = (end: string) =>
        lm.tools.find(({ name }) => /^mcp_multi-lora/.test(name) && name.endsWith(end))?.name;
      await until(async () => {
        await commands.executeCommand('workbench.mcp.startServer', '*', { waitForLiveTools: true });
        return own('_check_recipe') !== undefined;
      });
      const answer = await invokeTool(own('_check_recipe')!, { recipe: 'scored.lora.json' });
      assert.match(answer, /"errors":0/);
    },
  });
}

/** Code, data and recipes. */
function manyFiles(count: number): Uri[] {
  const place = join(folder, 'many');
  mkdirSync(place, { recursive: true });
  const texts: Record<string, string> = {
    js: 'export const one = 1;\n',
    jsonl: '{"prompt":"a","completion":"b"}\n',
    'lora.json': '{ "experts": { "a": { "data": { "train": "file0.jsonl" } } } }\n',
  };
  const endings = Object.keys(texts);
  return Array.from({ length: count }, (_, i) => {
    const ending = endings[i % endings.length]!;
    const path = join(place, `file${i}.${ending}`);
    writeFileSync(path, texts[ending]!);
    return Uri.file(path);
  });
}

async function openAll(files: Uri[]): Promise<void> {
  for (const file of files) await window.showTextDocument(file, { preview: true });
  await commands.executeCommand('workbench.action.closeAllEditors');
  await delay(2000);
}

function leftovers(): { heap: number; handles: number; engines: number } {
  setFlagsFromString('--expose_gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  return {
    heap: process.memoryUsage().heapUsed / 1e6,
    handles: process.getActiveResourcesInfo().length,
    engines: enginePids().length,
  };
}
