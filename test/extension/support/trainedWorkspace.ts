import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeOnce } from '../../support/makeOnce.ts';
import { runCliToItsEnd } from '../../support/programs.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const examples = fileURLToPath(new URL('../../../examples/experts/', import.meta.url));
const experts = ['math', 'code', 'qa'];

/**
 * A workspace with three experts that took a few steps: enough for words, and for the router, which reads their prompts.
 * `npm test` names a folder in which it is trained once; each test file gets a copy.
 */
export function trainedWorkspace(): string {
  const folder = temporaryFolder();
  const made = join(process.env.MULTI_LORA_TEST_FIXTURES ?? temporaryFolder(), 'trainedWorkspace');
  makeOnce(made, train);
  cpSync(made, folder, { recursive: true, preserveTimestamps: true });
  return folder;
}

function train(folder: string): void {
  for (const name of experts) {
    const lines = readFileSync(join(examples, name, 'train.jsonl'), 'utf8')
      .split('\n')
      .slice(0, 400);
    writeFileSync(join(folder, `${name}.jsonl`), `${lines.join('\n')}\n`);
  }
  const recipe = {
    name: 'three experts',
    lora: { rank: 8 },
    training: { learningRate: 4e-3, steps: 8, batchSize: 8, validateEvery: 0, checkpointEvery: 0 },
    experts: Object.fromEntries(
      experts.map(name => [
        name,
        {
          description: `Knows ${name}.`,
          domain: name,
          data: { train: `${name}.jsonl` },
          // The code expert has to write code, so that there is something to suggest, insert and replace with.
          ...(name === 'code' && { training: { steps: 25 } }),
        },
      ]),
    ),
    generation: { maxTokens: 64 },
    blends: { review: { code: 0.8, qa: 0.2 } },
  };
  writeFileSync(join(folder, 'three.lora.json'), JSON.stringify(recipe, null, 2));
  writeFileSync(join(folder, 'sum.js'), 'function sum(values) {\n  return values.reduce((a, b) => a + b, 0);\n}\n');
  writeFileSync(join(folder, 'twice.py'), 'def twice(n):\n    return 2 * n\n');
  writeFileSync(join(folder, 'double.js'), '');
  // Longer than the base's window.
  writeFileSync(join(folder, 'long.js'), 'const one = 1;\n'.repeat(300));
  const { status, stderr } = runCliToItsEnd(['train', join(folder, 'three.lora.json')]);
  if (status !== 0) throw new Error(`training failed: ${stderr}`);
}
