import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const examples = fileURLToPath(new URL('../../../examples/experts/', import.meta.url));

/** A folder with data of math and code, and a recipe that trains both for some steps; returns the recipe's path. */
export function trainingFolder(steps: number, folder = temporaryFolder()): string {
  for (const name of ['math', 'code']) {
    mkdirSync(join(folder, name), { recursive: true });
    for (const [file, rows] of [
      ['train', 300],
      ['validation', 24],
    ] as const) {
      const lines = readFileSync(join(examples, name, `${file}.jsonl`), 'utf8').split('\n');
      writeFileSync(join(folder, name, `${file}.jsonl`), `${lines.slice(0, rows).join('\n')}\n`);
    }
  }
  const path = join(folder, 'two.lora.json');
  writeFileSync(path, recipeText(steps));
  return path;
}

const recipeText = (steps: number) => `{
  // Two experts on one base.
  "name": "math and code",
  "lora": { "rank": 8 },
  "training": {
    "steps": ${steps}, // a short one
    "batchSize": 8,
    "learningRate": 3e-3,
    "validateEvery": 10,
    "checkpointEvery": 10
  },
  "experts": {
    "math": {
      "description": "Arithmetic, percentages, equations.",
      "domain": "math",
      "data": { "train": "math/train.jsonl", "validation": "math/validation.jsonl" }
    },
    "code": {
      "description": "Small functions in JavaScript.",
      "domain": "code",
      "data": { "train": "code/train.jsonl", "validation": "code/validation.jsonl" },
      "lora": { "rank": 16 }
    }
  }
}
`;
