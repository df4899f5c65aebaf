import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { handle } from '../../../src/engine/requests/engines.ts';
import { createWorkbench } from '../../../src/engine/workbench/workbench.ts';
import { engineStandIn } from '../../support/engineStandIn.ts';
import { servedExperiment } from '../../support/servedExperiment.ts';

const mediaFolder = fileURLToPath(new URL('../../../media', import.meta.url));

test('engines elsewhere: those that are there with what they have, those that are not with what to do; each gets its own key', async () => {
  const json = (body: unknown) =>
    engineStandIn((response, { headers }) => {
      response.writeHead(headers.authorization === 'Bearer sk-there' ? 200 : 401);
      response.end(JSON.stringify(body));
    });
  const there = await json({ data: [{ id: 'base' }, { id: 'math-lora', parent: 'base' }] });
  const other = await json([{ id: 0, path: '/x/math.gguf' }]);
  const gone = await engineStandIn(() => {});
  await gone.close();
  const path = servedExperiment();
  const engines = {
    there: { kind: 'openai', url: `${there.url}/v1`, experts: { math: 'math-lora' } },
    without: { kind: 'openai', url: `${there.url}/v1`, model: 'other' },
    locked: { kind: 'llama-server', url: other.url },
    gone: { kind: 'llama-server', url: gone.url },
  };
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), engines, answering: 'there' }));
  const workbench = createWorkbench({ mediaFolder, threads: 1 });
  const call = { signal: new AbortController().signal, progress() {} };
  const keys = { [there.url]: 'sk-there' };
  const found = await handle(workbench, { recipe: path, keys }, call as never);
  assert.equal(found.answering, 'there');
  const told = Object.fromEntries(found.engines.map(({ name, isThere, message }) => [name, `${isThere} ${message}`]));
  assert.match(told.there!, /^true there, with base and math-lora$/);
  assert.match(told.without!, /^false .* has no model 'other'\. It has: base and math-lora\./);
  assert.match(told.locked!, /^false .*'locked' \(http:.*\) wants a key.* Set MULTI_LORA_KEY_127_0_0_1_\d+/);
  assert.match(told.gone!, /^false .*'gone' .* is not there \(ECONNREFUSED\)\. Start it/);
});
