import assert from 'node:assert/strict';
import { register } from 'node:module';
import test from 'node:test';
import type { Decision } from '../../../src/extension/services/allowedServers.ts';

const stub = 'data:text/javascript,export class EventEmitter { fire() {} }';
const hooks = `export const resolve = (name, context, next) =>
  name === 'vscode' ? { url: ${JSON.stringify(stub)}, shortCircuit: true } : next(name, context);`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
const { createAllowedServers } = await import('../../../src/extension/services/allowedServers.ts');

const gpu = { origin: 'https://gpu:8000', recipe: undefined };

/** Servers over a memory, with what the user says when asked. */
function servers(memory: Map<string, unknown>, ...says: (Decision | undefined)[]) {
  let asked = 0;
  const state = {
    get: (key: string, otherwise: unknown) => memory.get(key) ?? otherwise,
    update: async (key: string, value: unknown) => void memory.set(key, value),
  };
  const made = createAllowedServers(state as never, async () => says[asked++]);
  return Object.assign(made, { asked: () => asked });
}

test('however many requests wait, the user is asked once for a server; what is allowed stays so until it is taken back', async () => {
  const memory = new Map();
  const first = servers(memory, 'there');
  const [one, two] = await Promise.all([first.decide(gpu), first.decide(gpu)]);
  assert.deepEqual([one, two, first.asked(), first.all()], ['there', 'there', 1, [gpu.origin]]);
  const next = servers(memory, undefined);
  assert.equal(await next.decide(gpu), 'there');
  await next.allow([]);
  assert.deepEqual([await next.decide(gpu), next.asked()], [undefined, 1]);
});

test('who wants answers from here is not asked again while the window is open; who wants neither is', async () => {
  const memory = new Map();
  const window = servers(memory, undefined, 'here');
  assert.equal(await window.decide(gpu), undefined);
  assert.deepEqual([await window.decide(gpu), await window.decide(gpu), window.asked()], ['here', 'here', 2]);
  assert.equal(window.known(gpu.origin), 'here');
  assert.equal(servers(memory).known(gpu.origin), undefined);
});
