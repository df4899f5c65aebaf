import { readFileSync } from 'node:fs';
import { startEngine } from './src/client/engineClient.ts';
const engine = startEngine({ enginePath: '/work/wt/engines/dist/engine.mjs', execArgv: [], args: ['--media','/work/wt/engines/media','--threads','1','--device','cpu'], failsWhenLost: true });
const recipe = '/work/run/elsewhere1/smol.lora.json';
const lines = readFileSync('/work/wt/engines/examples/experts/math/heldout.jsonl','utf8').trim().split('\n').slice(0, 50).map(l => JSON.parse(l));
const prompts = lines.map(l => l.prompt ?? l.messages.find((m: any) => m.role === 'user').content);
const run = async (e: string, target: any) => {
  const t = performance.now();
  const { answers } = await engine.request('askAll', { recipe, target, prompts, engine: e, settings: { maxTokens: 24 } });
  console.log(e, JSON.stringify(target), ((performance.now() - t) / 1000).toFixed(0), 's');
  return answers.map(a => a.text.trim());
};
for (const target of [{ kind: 'expert', name: 'math' }, { kind: 'blend', name: 'half' }]) {
  const here = await run('local', target);
  const ours = await run('ours', target);
  console.log('ours agrees', here.filter((x, i) => x === ours[i]).length);
  const box = await run('box', target);
  console.log('box agrees', here.filter((x, i) => x === box[i]).length, 'of', here.length);
  for (const i of here.keys()) if (here[i] !== box[i]) console.log(i, JSON.stringify(here[i]), JSON.stringify(box[i]));
}
await engine.dispose();
