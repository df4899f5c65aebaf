import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { generate } from '../../src/engine/runtime/generate.ts';
import { openModel } from '../../src/engine/runtime/openModel.ts';
import { openBase } from '../../src/engine/runtime/quantizedBase.ts';
import { graphConfig, loadBase } from '../../src/experiment/base.ts';
import { answeringMemory } from '../../src/nn/memory/answeringMemory.ts';
import { linearLayers } from '../../src/nn/model/layout.ts';
import { Random } from '../../src/nn/tensor/random.ts';
import { promptIds } from '../../src/nn/tokenizer/chatTemplate.ts';
import { generationSettings, type Recipe } from '../../src/recipe/schema.ts';
import { peakOf } from './peakOf.ts';

/*
 * A program that answers with one expert, and prints what that was planned to take and took, in bytes:
 * `answerPeak FOLDER none|int8|int4 CACHE WORDS`, with --expose-gc; the quantised copy is in CACHE, the prompt has so many
 * words. Linux alone tells the peak of a process.
 */

const [folder, quantization, cache, words] = process.argv.slice(2) as [string, Recipe['quantization'], string, string];
const messages = [{ role: 'user' as const, content: 'word '.repeat(Number(words)) }];
const settings = generationSettings.parse({ maxTokens: 32 });

// What any answer takes of the process is not of the plan: the runtime's own pages, and what has grown of V8's heap.
const embedded = await openModel(await loadBase(fileURLToPath(new URL('../../media/base', import.meta.url))), 1);
await generate(embedded, [{ messages: [{ role: 'user', content: 'word' }], weights: {}, settings }]);
await embedded.dispose();
gc!();
const before = process.memoryUsage.rss();
// Linux forgets the peak until now.
writeFileSync('/proc/self/clear_refs', '5');

const base = await openBase(folder, quantization, cache);
const model = await openModel(base, 1);
const rank = 16;
const random = new Random(1);
const matrix = (rows: number, cols: number) => ({
  rows,
  cols,
  data: Float32Array.from({ length: rows * cols }, () => (random.uniform() - 0.5) / 50),
});
const layers = linearLayers(base.config);
model.bank.load({
  name: 'e',
  config: { rank, alpha: rank, rslora: false, targetModules: [], dropout: 0, taskType: 'CAUSAL_LM' },
  modules: new Map(layers.map(l => [l.path, { A: matrix(rank, l.in), B: matrix(l.out, rank), scaling: 1 }])),
});
const { tokenizer, chatTemplate } = base.text();
const prompt = promptIds(tokenizer, chatTemplate, messages, settings.thinking).length;
// Twice: what a first answer took serves a second.
for (let i = 0; i < 2; i++) await generate(model, [{ messages, weights: { e: 1 }, settings }]);
const length = prompt + settings.maxTokens;
const memory = answeringMemory({ config: graphConfig(base), tensors: base.tensors, ranks: rank, prompt, length });
const planned = before + Object.values(memory).reduce((a, b) => a + b, 0);
console.log(JSON.stringify({ planned, measured: peakOf(process.pid) }));
await model.dispose();
