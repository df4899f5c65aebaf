import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseSync } from '@swc/core';
import { openExperiment } from '../../src/experiment/experiment.ts';
import {
  adapterPaths,
  experimentPaths,
  globs,
  isOfRun,
  notebookOutputsPath,
  recipeName,
  resultsOfRun,
} from '../../src/experiment/paths.ts';
import { readExperimentPaths } from '../../src/experiment/readExperimentPaths.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

test('results lie in runs/NAME beside the recipe, or where it says', () => {
  const cases: [recipe: string, output: string | undefined, expected: string][] = [
    ['/w/three.lora.json', undefined, '/w/runs/three'],
    ['/w/three.json', undefined, '/w/runs/three'],
    ['/w/three.v2.lora.json', undefined, '/w/runs/three.v2'],
    ['/w/three', undefined, '/w/runs/three'],
    ['/w/three.lora.json', 'out', '/w/out'],
    ['/w/three.lora.json', '../out', '/out'],
    ['/w/three.json', '/elsewhere/of it', '/elsewhere/of it'],
    ['/w/three.lora.json', '', '/w'],
  ];
  for (const [recipe, output, expected] of cases)
    assert.equal(experimentPaths(recipe, { output }).output, expected, JSON.stringify([recipe, output]));
  assert.equal(experimentPaths('/w/three.lora.json').output, '/w/runs/three');
});

test('every path of an experiment', () => {
  const paths = experimentPaths('/w/three.lora.json');
  const { folder, record, events, stop, checkpoints, checkpoint } = paths.run('20260101-7');
  const sweep = paths.sweep('math', '0123456789abcdef012345');
  const beneath: Record<string, string> = {
    'adapters/math': paths.trainedAdapter('math'),
    'adapters/math/adapter_config.json': adapterPaths(paths.trainedAdapter('math')).config,
    'adapters/math/adapter_model.safetensors': adapterPaths(paths.trainedAdapter('math')).factors,
    'previous/math': paths.previousAdapter('math'),
    'previous/math~2': paths.previousAdapter('math', 2),
    'training/math.json': paths.trainingRecord('math'),
    'training/math.lock': paths.expertLock('math'),
    'merges/both': paths.merge('both'),
    'checkpoints/math+code.safetensors': paths.checkpoint(['math', 'code']),
    'router/router.json': paths.router,
    'router/0123456789abcdef.bin': paths.routerWeights('0123456789abcdef012345'),
    'report.json': paths.report,
    'report.html': paths.reportPage,
    'reports/2026-01-02T03-04-05-006Z': paths.earlierReport(new Date('2026-01-02T03:04:05.006Z')),
    'history.json': paths.scores,
    'sweeps/math-0123456789abcdef.json': sweep.data,
    'sweeps/math-0123456789abcdef.html': sweep.page,
    'sweeps/math-0123456789abcdef.lock': sweep.lock,
    history: paths.history,
    'history/20260101-7': folder,
    'history/20260101-7/run.json': record,
    'history/20260101-7/events.jsonl': events,
    'history/20260101-7/stop': stop,
    'history/20260101-7/checkpoints': checkpoints,
    'history/20260101-7/checkpoints/step-00000012.safetensors': checkpoint(12),
  };
  for (const [expected, path] of Object.entries(beneath)) assert.equal(path, `/w/runs/three/${expected}`);
  assert.equal(resultsOfRun(folder).report, paths.report);
  for (const id of ['../a', '', 'a/b', '.'])
    assert.throws(() => paths.run(id), /is not the identity of a run/, JSON.stringify(id));
});

test('the checkpoint of many experts has a name that file systems take, its own', () => {
  const { checkpoint } = experimentPaths('/work/three.lora.json');
  const many = Array.from({ length: 16 }, (_, i) => `an-expert-with-a-long-name-${i}`);
  const names = [many, many.slice(0, 15), many.toReversed()].map(experts => basename(checkpoint(experts)));
  assert.equal(new Set(names).size, 3);
  // 64 for what is put behind it while it is written.
  for (const name of names) assert.ok(Buffer.byteLength(name) <= 255 - 64, name);
  assert.ok(names.every(name => name.startsWith('an-expert-with-a-long-name-')));
});

test('outputs of a notebook lie beside their recipe', () => {
  assert.equal(notebookOutputsPath('/a.json/three.lora.json'), '/a.json/three.lora.out.json');
  assert.equal(notebookOutputsPath('/three.json'), '/three.out.json');
});

test('a recipe is opened with the paths that are known of its file alone', async () => {
  const folder = temporaryFolder();
  const texts = [
    '{}',
    '{ "output": "../out", }',
    '\uFEFF// "output" is said below\n{ "output": "/o" }',
    '{"output": ""}',
  ];
  for (const file of ['x.json', 'x.lora.json'])
    for (const text of texts) {
      const path = join(folder, file);
      writeFileSync(path, text);
      const { paths, name } = await openExperiment(path, '/media');
      assert.equal((await readExperimentPaths(path)).output, paths.output, text);
      assert.deepEqual([name, recipeName(path)], ['x', 'x']);
    }
  const broken = join(folder, 'broken.lora.json');
  const cases: [text: string, output: string][] = [
    ['{ "output": "out", "experts": [', join(folder, 'out')],
    ['{ "output": 7 }', join(folder, 'runs', 'broken')],
    ['"output"', join(folder, 'runs', 'broken')],
    [`${'['.repeat(200_000)}"output"`, join(folder, 'runs', 'broken')],
  ];
  for (const [text, output] of cases) {
    writeFileSync(broken, text);
    assert.equal((await readExperimentPaths(broken)).output, output, text.slice(0, 40));
  }
  assert.equal((await readExperimentPaths(join(folder, 'none.json'))).output, join(folder, 'runs', 'none'));
});

test('the globs of the editor find what the paths name', () => {
  const paths = experimentPaths('w/three.lora.json');
  const { record, events } = paths.run('1');
  const found: [glob: string, path: string][] = [
    [globs.recipes, 'w/three.lora.json'],
    [globs.notResults, paths.scores],
    [globs.runRecords, record],
    [globs.reports, paths.report],
    [globs.adapters, adapterPaths(paths.trainedAdapter('a')).config],
    [globs.factorsAndReports, adapterPaths(paths.trainedAdapter('a')).factors],
    [globs.factorsAndReports, paths.report],
    [globs.dataAndAdapters, events],
    [globs.notData, events],
  ];
  for (const [glob, path] of found) assert.match(path.replace(/^\//, ''), expressionOf(glob), glob);
  assert.deepEqual([isOfRun(events), isOfRun(paths.scores), isOfRun(paths.report)], [true, false, false]);
});

/** A glob of the kinds that are in use, as an expression. */
function expressionOf(glob: string): RegExp {
  const parts = glob.split(/(\*\*\/|\/\*\*|\*|[{},])/).map(part => {
    const known: Record<string, string> = { '**/': '(.*/)?', '/**': '/.*', '*': '[^/]*', '{': '(', '}': ')', ',': '|' };
    return known[part] ?? part.replace(/[.]/g, '\\.');
  });
  return new RegExp(`^${parts.join('')}$`);
}

const folders = ['history', 'adapters', 'checkpoints', 'previous', 'training', 'merges', 'reports', 'sweeps', 'runs'];
const files = [
  ...['run.json', 'events.jsonl', 'report.json', 'report.html', 'history.json', 'router.json'],
  ...['adapter_config.json', 'adapter_model.safetensors', '.lora.json', '*.lora.json'],
];
/** Paths that are examples of what a user may name. */
const examples = ['adapters/math', 'adapters/both'];

test('nothing outside of the room spells the name of a folder or a file of an experiment', () => {
  const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .map(name => `src/${name.replaceAll('\\', '/')}`)
    .filter(path => path.endsWith('.ts'));
  const spelt = sources.map(path => [path, namesIn(readFileSync(join(root, path), 'utf8'))] as const);
  const isRoom = (path: string) => path.startsWith('src/experiment/');
  assert.deepEqual(
    spelt.filter(([path, names]) => !isRoom(path) && names.length > 0),
    [],
  );
  const ofRoom = spelt.filter(([path, names]) => isRoom(path) && names.length > 0);
  assert.deepEqual(
    ofRoom.map(([path]) => path),
    ['src/experiment/paths.ts'],
  );
  const known = namesIn(
    `import 'runs/a'; const a: 'runs' = b('runs'); c = [join(d, 'runs'), \`\${d}/history/\`, 'report.json'];`,
  );
  assert.deepEqual(known, ['runs', '/history/', 'report.json']);
});

/** Literals of a program that are parts of such paths: its imports are none. */
function namesIn(program: string): string[] {
  const found: string[] = [];
  const look = (text: string, isJoined: boolean) => {
    const parts = text.split(/[/{},]/);
    const isPath = isJoined || text.includes('/');
    if (!examples.includes(text) && parts.some(p => files.includes(p) || (isPath && folders.includes(p))))
      found.push(text);
  };
  const visit = (node: unknown, isJoined = false): void => {
    if (Array.isArray(node)) for (const each of node) visit(each, isJoined);
    if (typeof node !== 'object' || node === null || Array.isArray(node)) return;
    const { type, ...rest } = node as { type?: string } & Record<string, unknown>;
    if (type === 'StringLiteral') look(String(rest.value), isJoined);
    if (type === 'TemplateElement') look(String(rest.cooked), isJoined);
    if (/^(Import|Export(All|Named))Declaration$/.test(type ?? '')) return;
    const { type: called, value: name, property } = (rest.callee ?? {}) as Record<string, unknown>;
    if (type === 'CallExpression' && called === 'Import') return;
    const callee = String(name ?? (property as { value?: string } | undefined)?.value);
    const joins = type === 'CallExpression' ? /^(join|resolve|joinPath|relative|basename)$/.test(callee) : isJoined;
    for (const child of Object.values(rest)) visit(child, joins);
  };
  visit(parseSync(program, { syntax: 'typescript' }).body);
  return found;
}
