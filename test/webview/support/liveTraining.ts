import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import type { EngineClient } from '../../../src/client/engineClient.ts';
import { openRunFolder, type RunFolder } from '../../../src/experiment/runs.ts';
import { performRun } from '../../../src/extension/runs/performRun.ts';
import { createRun, type LiveRun } from '../../../src/extension/runs/run.ts';
import type { TrainOptions } from '../../../src/extension/runs/runs.ts';
import { createTrainingHandlers, type TrainingHost } from '../../../src/extension/training/trainingHandlers.ts';
import 'vscode-jsonrpc/node';
import { createRpc, postedConnection } from '../../../src/protocol/rpc.ts';
import { runId } from '../../../src/protocol/runState.ts';
import { trainingApi } from '../../../src/protocol/views/training.ts';

/** The training view's own handlers over a file and a real engine, without an editor. */
export interface LiveTraining {
  /** A page whose messages they answer; to be called before it is opened. */
  attach(page: Page): Promise<void>;
  readonly runs: readonly LiveRun[];
}

export function liveTraining(t: Pick<TestContext, 'after'>, recipePath: string, engine: EngineClient): LiveTraining {
  let text = readFileSync(recipePath, 'utf8');
  let isSaved = true;
  const runs: LiveRun[] = [];
  const folders = new Map<string, RunFolder>();
  const told = new Set<string>();

  const perform = (run: LiveRun, how: Pick<TrainOptions, 'resume' | 'from'>) =>
    void performRun(run, engine, {
      allowsCut: async () => false,
      ...how,
      begun: () => undefined,
      recorded: path => folders.set(run.id, folders.get(run.id) ?? openRunFolder(path)),
    });

  function begin({ only = [], ...how }: TrainOptions): LiveRun {
    const now = new Date();
    const times = { startedAt: now.getTime(), updatedAt: now.getTime() };
    const record = { id: runId(now, process.pid), kind: 'train', recipe: recipePath, experts: only, ...times } as const;
    const recipe = { fsPath: recipePath, path: recipePath } as never;
    const run: LiveRun = createRun({ ...record, state: 'running', pid: process.pid }, recipe, {
      async ask({ id }, wish) {
        await folders.get(id)?.requestStop(wish);
        return folders.has(id);
      },
      resume: again => perform(again, { resume: true }),
      wantEvents() {},
      changed: ({ id }) => told.add(id),
      wordsOf: String,
    });
    runs.unshift(run);
    perform(run, how);
    return run;
  }

  const host: TrainingHost = {
    engine: engine as TrainingHost['engine'],
    recipe: {
      path: recipePath,
      name: basename(recipePath),
      text: () => text,
      isSaved: () => isSaved,
      async change(how) {
        text = how(text);
        isSaved = false;
        training.recipeChanged();
      },
      async save() {
        writeFileSync(recipePath, text);
        isSaved = true;
        training.recipeChanged();
      },
      async reveal() {},
    },
    runs: {
      all: () => runs,
      found: async () => {},
      train: async options => begin(options),
      trainElsewhere: async () => undefined,
    },
    offers: async () => () => [],
  };

  let page: unknown;
  let post: (message: unknown) => void = () => {};
  const training = createTrainingHandlers(host, { notify: (...told) => rpc.notify(...told) });
  const onStray = (problem: string) => {
    throw new Error(problem);
  };
  const { connection, receive } = postedConnection(message => post({ page, message }), onStray);
  const rpc = createRpc<typeof trainingApi.toHost, typeof trainingApi.toView>({
    own: trainingApi.toHost,
    other: trainingApi.toView,
    handlers: training.handlers,
    connection,
    onStray,
  });
  const timer = setInterval(() => {
    if (told.size === 0) return;
    training.runsChanged([...told]);
    told.clear();
  }, 100);
  t.after(() => clearInterval(timer));

  return {
    runs,
    async attach(shown) {
      post = message =>
        void shown
          .evaluate(`window.postMessage(${JSON.stringify(message)})`)
          // A page that is closed, or is being loaded again, hears nothing.
          .catch(() => {});
      await shown.exposeFunction('toHost', (text: string) => {
        const told = JSON.parse(text) as { page: unknown; message: unknown };
        ({ page } = told);
        receive(told.message);
      });
      await shown.addInitScript({ content: editorApi });
    },
  };
}

/** What the editor gives its pages. */
const editorApi = `window.acquireVsCodeApi = () => ({
  postMessage: message => toHost(JSON.stringify(message)),
  getState: () => JSON.parse(sessionStorage.getItem('state')) ?? undefined,
  setState: state => sessionStorage.setItem('state', JSON.stringify(state)),
})`;
