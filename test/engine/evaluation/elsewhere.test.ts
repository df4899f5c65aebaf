import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { scoreElsewhere } from '../../../src/engine/evaluation/elsewhere.ts';
import { loadSets } from '../../../src/engine/evaluation/loadSets.ts';
import { routingOf, scoreSystems } from '../../../src/engine/evaluation/systems.ts';
import { createWorkbench } from '../../../src/engine/workbench/workbench.ts';
import { generationSettingsOf } from '../../../src/recipe/settings.ts';
import { startServer } from '../../../src/server/startServer.ts';
import { engineStandIn } from '../../support/engineStandIn.ts';
import { testEngine } from '../../support/programs.ts';
import { servedExperiment } from '../../support/servedExperiment.ts';

const mediaFolder = fileURLToPath(new URL('../../../media', import.meta.url));

test('every system is measured elsewhere as here, question by question; an engine that is away is said, and all else kept', async t => {
  const server = await startServer(testEngine(), { source: {}, port: 0 });
  t.after(() => server.close());
  const gone = await engineStandIn(() => {});
  await gone.close();
  const recipe = servedExperiment();
  const asked = (prompt: string, completion: string) => JSON.stringify({ prompt, completion });
  // Expected is what the base says to the first: nobody's answers are all wrong.
  const data = [asked('What is 25% of 80?', '80'), asked('What is 3 + 4?', '7'), asked('Who are you?', 'x')];
  writeFileSync(join(dirname(recipe), 'set.jsonl'), data.join('\n'));
  const engines = {
    gpu: { kind: 'openai', url: server.url, model: 'base' },
    gone: { kind: 'llama-server', url: gone.url },
  };
  const evaluation = { sets: { all: { data: 'set.jsonl' } }, batchSize: 3 };
  const { answering: _, ...written } = JSON.parse(readFileSync(recipe, 'utf8'));
  writeFileSync(recipe, JSON.stringify({ ...written, engines, evaluation }));

  const workbench = createWorkbench({ mediaFolder, threads: 1 });
  t.after(() => workbench.dispose());
  const open = await workbench.open(recipe);
  await open.load(await open.available());
  const { signal } = new AbortController();
  const routing = await routingOf(workbench, open, { signal, progress() {} });
  const sets = await loadSets(open.experiment);
  const settings = generationSettingsOf(open.experiment.recipe);
  const here = await scoreSystems(open, routing, sets, settings, signal, () => {});
  const request = { recipe, engines: ['gpu', 'gone'] };
  const there = await scoreElsewhere(workbench, open, routing, sets, request, { signal, progress() {} });

  const systems = ['base', 'math', 'code', 'routed', 'half (blend)', 'math (blend)'];
  assert.deepEqual(
    there.scores.map(({ system, kind, right }) => [system, kind, right]),
    systems.map((name, i) => [`${name} on gpu`, 'elsewhere', here.scores[i]!.right]),
  );
  assert.equal(there.scores[0]!.right, '100');
  assert.deepEqual(
    there.problems.map(({ severity }) => severity),
    ['warning'],
  );
  assert.match(there.problems[0]!.message, /'base' was not measured on 'gone': the engine 'gone' .* is not there/);
});
