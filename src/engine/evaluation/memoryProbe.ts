import { readFileSync } from 'node:fs';
import { readAdapter } from '../../experiment/adapterFiles.ts';
import { loadBase } from '../../experiment/base.ts';
import { generationSettings } from '../../recipe/schema.ts';
import { endWithParent } from '../endWithParent.ts';
import { generate } from '../runtime/generate.ts';
import type { Model } from '../runtime/model.ts';
import { openModel } from '../runtime/openModel.ts';

/** What a fresh process loads before it tells its peak resident memory. */
export interface MemoryProbe {
  models: { folder: string; adapters: string[] }[];
  prompt: string;
  threads: number;
}

// A program of its own: loads all models and holds them, answers with each, and prints its peak resident memory in bytes.
endWithParent();
const { models, prompt, threads } = JSON.parse(process.argv[2]!) as MemoryProbe;
const settings = generationSettings.parse({ maxTokens: 16 });
const opened: Model[] = [];
for (const { folder, adapters } of models) {
  const model = await openModel(await loadBase(folder), threads);
  opened.push(model);
  for (const path of adapters) await model.load(await readAdapter(path, path));
  for (const weights of adapters.length > 0 ? adapters.map(path => ({ [path]: 1 })) : [{}])
    await generate(model, [{ messages: [{ role: 'user', content: prompt }], weights, settings }]);
}
console.log(peakResidentBytes());

/** Linux carries the peak in resourceUsage over from the process that started this one; VmHWM is this program's own. */
function peakResidentBytes(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS * 1024;
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}
