import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { trainedWorkspace } from './trainedWorkspace.ts';

const examples = fileURLToPath(new URL('../../../examples/experts/', import.meta.url));

/** A recipe over the trained experts of that workspace that has a step of each kind, as people write it. */
const notebookRecipe = `{
  // Three small experts.
  "name": "steps",
  "output": "runs/three", // shared with three.lora.json

  "lora": { "rank": 8 },
  "training": { "learningRate": 4e-3, "steps": 12, "batchSize": 4, "validateEvery": 4, "checkpointEvery": 0 },
  "experts": {
    "math": { "domain": "math", "data": { "train": "math.jsonl", "validation": "held.jsonl" } },
    "code": { "domain": "code", "data": { "train": "code.jsonl" } },
    "qa": { "domain": "qa", "data": { "train": "qa.jsonl" } }
  },
  "generation": { "maxTokens": 24 },
  "blends": {
    "review": { "code": 0.8, "qa": 0.2 },
    "most-math": { "math": 0.9, "code": 0.1 }
  },
  "merges": { "all": { "method": "ties", "weights": { "math": 1, "code": 1, "qa": 1 }, "out": "merged" } },
  "evaluation": { "sets": { "math": { "data": "held.jsonl", "expert": "math", "scorer": "final" } } },
  "steps": [
    { "do": "note", "text": "# Three experts\\n\\nFirst the **math** expert learns a little more." }, // shown as text
    { "do": "train", "experts": ["math"] },
    { "do": "ask", "prompt": "What is 12% of 50?" },
    {
      "do": "blend",
      // Side by side.
      "prompt": "Write a function that doubles a number.",
      "blends": ["review", "most-math"]
    },
    { "do": "merge", "merge": "all" },
    { "do": "evaluate" },
  ]
}
`;

/** Three short steps behind one definition, and one that goes on until it is stopped. */
const asksRecipe = `{
  "experts": { "math": { "data": { "train": "math.jsonl" } } }, "training": { "steps": 5000, "batchSize": 2 },
  "steps": [
    { "do": "ask", "prompt": "one", "expert": "base" },
    { "do": "ask", "prompt": "two", "expert": "base" },
    { "do": "ask", "prompt": "three", "expert": "base" },
    { "do": "train" },
    { "do": "ask", "prompt": "four", "expert": "base" }
  ],
  "generation": { "maxTokens": 4 }
}
`;

/** As other programs write: with a byte order mark, line breaks of Windows, keys of nobody, and commas at the ends. */
const oddRecipe =
  '\uFEFF{\r\n\t"seed" : 1 , // s\r\n\t"unknown": [ 1,2, ],\r\n\r\n\t"steps": [\r\n\t\t{ "do": "note", "text": "a" },\r\n\t\t{"do":"ask","prompt":"b",},\r\n\t],\r\n}\r\n';

export function notebookWorkspace(): string {
  const folder = trainedWorkspace();
  const held = readFileSync(join(examples, 'math', 'heldout.jsonl'), 'utf8')
    .split('\n')
    .slice(0, 2);
  writeFileSync(join(folder, 'held.jsonl'), `${held.join('\n')}\n`);
  writeFileSync(join(folder, 'steps.lora.json'), notebookRecipe);
  writeFileSync(join(folder, 'marked.lora.json'), notebookRecipe);
  // A training that goes on until it is stopped.
  const long = notebookRecipe.replace('"steps": 12', '"steps": 5000').replace('runs/three', 'runs/long');
  writeFileSync(join(folder, 'long.lora.json'), long);
  writeFileSync(join(folder, 'asks.lora.json'), asksRecipe);
  writeFileSync(join(folder, 'odd.lora.json'), oddRecipe);
  writeFileSync(join(folder, 'broken.lora.json'), notebookRecipe.slice(0, 400));
  return folder;
}
