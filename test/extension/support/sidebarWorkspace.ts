import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { trainedWorkspace } from './trainedWorkspace.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const commit = 'a'.repeat(40);

/** The trained workspace with held-out sets: one minimum that anything reaches, and one that nothing does. */
export function sidebarWorkspace(): { folder: string; recipe: string; cache: string } {
  const folder = trainedWorkspace();
  const recipe = join(folder, 'three.lora.json');
  const held = readFileSync(join(root, 'examples/experts/math/heldout.jsonl'), 'utf8').split('\n').slice(0, 4);
  writeFileSync(join(folder, 'held.jsonl'), `${held.join('\n')}\n`);
  const set = { data: 'held.jsonl', expert: 'math', scorer: 'final' };
  const evaluation = {
    sets: { sums: { ...set, minimum: { math: 0, auto: 0 } }, hard: { ...set, limit: 2, minimum: { base: 1 } } },
  };
  // Of experts that learned next to nothing answers go on to the end.
  const text = { ...JSON.parse(readFileSync(recipe, 'utf8')), generation: { maxTokens: 16 }, evaluation };
  writeFileSync(recipe, JSON.stringify(text, null, 2));
  return { folder, recipe, cache: cachedBase(join(folder, '.cache-of-models')) };
}

/** A Hugging Face cache that holds the embedded base as `test/base`. */
function cachedBase(cache: string): string {
  const repo = join(cache, 'models--test--base');
  const snapshot = join(repo, 'snapshots', commit);
  mkdirSync(snapshot, { recursive: true });
  mkdirSync(join(repo, 'refs'));
  writeFileSync(join(repo, 'refs', 'main'), commit);
  for (const file of ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'])
    copyFileSync(join(root, 'media/base', file), join(snapshot, file));
  return cache;
}
