import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './temporaryFolder.ts';

const mathExamples = Array.from({ length: 12 }, (_, i) => ({
  prompt: `What is ${i} + ${i + 1}?`,
  completion: String(2 * i + 1),
}));
const codeExamples = Array.from({ length: 12 }, (_, i) => ({
  prompt: `Write a function that adds ${i} to a number.`,
  completion: `function f(x) { return x + ${i}; }`,
}));

export function writeJsonLines(path: string, items: readonly unknown[]): void {
  writeFileSync(path, items.map(item => `${JSON.stringify(item)}\n`).join(''));
}

/** Two experts of rank 2 over the embedded base, with a dozen examples each; returns the recipe's path. */
export function tinyExperiment(changes: Record<string, unknown> = {}, folder = temporaryFolder()): string {
  mkdirSync(folder, { recursive: true });
  writeJsonLines(join(folder, 'math.jsonl'), mathExamples);
  writeJsonLines(join(folder, 'code.jsonl'), codeExamples);
  const recipe = {
    lora: { rank: 2, alpha: 4, targets: ['q_proj', 'v_proj'], dropout: 0.1 },
    training: { steps: 4, batchSize: 2, validateEvery: 0, checkpointEvery: 2 },
    experts: { math: { data: { train: 'math.jsonl' } }, code: { data: { train: 'code.jsonl' } } },
    generation: { maxTokens: 12 },
    blends: { half: { math: 0.5, code: 0.5 } },
    merges: { both: { method: 'cat', weights: { math: 0.5, code: 0.5 } } },
    evaluation: {
      sets: {
        math: { data: 'math.jsonl', expert: 'math', limit: 4 },
        code: { data: 'code.jsonl', expert: 'code', limit: 4 },
      },
    },
    ...changes,
  };
  const path = join(folder, 'tiny.lora.json');
  writeFileSync(path, JSON.stringify(recipe));
  return path;
}
