import assert from 'node:assert/strict';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { register } from 'node:module';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { experimentPaths } from '../../../src/experiment/paths.ts';
import { openRunRecord } from '../../../src/experiment/runs.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

/** What `runs.ts` takes of the editor: a workspace whose recipes are searched for, and files that are watched in vain. */
const editor = {
  EventEmitter: class {
    event = () => ({ dispose() {} });
    fire() {}
    dispose() {}
  },
  l10n: { t: (text: string) => text },
  Uri: { file: (fsPath: string) => ({ fsPath, path: fsPath }) },
  window: { state: { focused: false } },
  workspace: {
    isTrusted: true,
    onDidRenameFiles: () => ({ dispose() {} }),
    createFileSystemWatcher: () => ({ onDidCreate() {}, onDidChange() {}, onDidDelete() {}, dispose() {} }),
    /** No record is found: users exclude folders of outputs from searches. */
    findFiles: async (glob: string) => (glob.endsWith('.lora.json') ? recipes.map(editor.Uri.file) : []),
  },
};
let recipes: string[] = [];
(globalThis as { editor?: unknown }).editor = editor;
const exported = Object.keys(editor).map(name => `export const ${name} = globalThis.editor.${name};`);
// The classes are named by what runs.ts imports, and not used.
const stub = `data:text/javascript,${exported.join('')}export class CancellationError {} export class Range {}`;
const hooks = `export const resolve = (name, context, next) =>
  name === 'vscode' ? { url: ${JSON.stringify(stub)}, shortCircuit: true } : next(name, context);`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
const { createRuns } = await import('../../../src/extension/runs/runs.ts');

/** The runs that a window on these recipes finds. */
async function runsOf(...found: string[]) {
  recipes = found;
  const runs = createRuns({} as never, { get: (_: string, otherwise: unknown) => otherwise } as never, {} as never);
  await runs.found();
  const all = runs.all();
  runs.dispose();
  return all.map(({ id, recipe, state, result }) => ({ id, recipe: recipe.fsPath, state, result }));
}

/** A recipe with the record of an evaluation. */
async function evaluated(recipe: string, output?: string) {
  mkdirSync(dirname(recipe), { recursive: true });
  writeFileSync(recipe, JSON.stringify({ output }));
  const paths = experimentPaths(recipe, { output });
  const id = output ? 'with-output' : 'without';
  const { record, write } = await openRunRecord(paths, { id, kind: 'evaluate', recipe, experts: [] });
  writeFileSync(paths.report, '{}');
  Object.assign(record, { state: 'done', result: { reportPath: paths.report, htmlPath: paths.reportPage } });
  await write();
  return { paths, id };
}

test('runs are found where a recipe has its output', async () => {
  const folder = join(temporaryFolder(), 'recipes');
  const [plain, named] = [join(folder, 'x.lora.json'), join(folder, 'y.lora.json')];
  const here = await evaluated(plain);
  const there = await evaluated(named, '../results of y');
  const found = await runsOf(plain, named);
  assert.deepEqual(
    found.map(({ id, recipe }) => [id, recipe]).sort(),
    [
      [here.id, plain],
      [there.id, named],
    ].sort(),
  );
});

test('a workspace that was copied opens its own reports', async () => {
  const folder = temporaryFolder();
  for (const output of [undefined, 'out']) {
    const [old, copy] = ['old', 'copy'].map(name => join(folder, output ?? 'plain', name));
    const { id } = await evaluated(join(old!, 'x.lora.json'), output);
    cpSync(old!, copy!, { recursive: true });
    const recipe = join(copy!, 'x.lora.json');
    const { report, reportPage } = experimentPaths(recipe, { output });
    const result = { reportPath: report, htmlPath: reportPage };
    assert.deepEqual(await runsOf(recipe), [{ id, recipe, state: 'done', result }]);
  }
});
