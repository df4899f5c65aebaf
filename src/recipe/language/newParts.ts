import type { NameKind } from '../names.ts';
import type { Offer } from './completion.ts';

/** A whole recipe to begin with. */
export const newRecipe: Offer = {
  label: 'New recipe',
  kind: 'snippet',
  documentation: 'Two experts on the embedded base, a router, a blend, what is measured, and the steps in order.',
  insert: `{
  "name": "\${1:my experts}",
  "base": "embedded",
  "lora": { "rank": 16, "alpha": 32 },
  "training": { "epochs": 3, "learningRate": 2e-3 },
  "experts": {
    "\${2:math}": {
      "domain": "\${2:math}",
      "data": { "train": "\${2:math}/train.jsonl" }
    },
    "\${3:code}": {
      "domain": "\${3:code}",
      "data": { "train": "\${3:code}/train.jsonl" }
    }
  },
  "router": { "kind": "learned" },
  "blends": {
    "both": { "\${2:math}": 0.5, "\${3:code}": 0.5 }
  },
  "steps": [
    { "do": "train" },
    { "do": "ask", "prompt": "$0" }
  ]
}`,
};

/** What a new part of a kind is offered as: its first free name, and its text after the key. */
const parts: Record<NameKind, { name: string; documentation: string; insert: string }> = {
  expert: {
    name: 'expert',
    documentation: 'An adapter of its own, learned from a file of examples.',
    insert: '{\n  "description": "$2",\n  "domain": "$3",\n  "data": { "train": "$4" }\n}',
  },
  blend: {
    name: 'blend',
    documentation: 'Weights of experts, at run time.',
    insert: '{ $2 }',
  },
  merge: {
    name: 'merge',
    documentation: 'A permanent combination of experts.',
    insert: `{ "method": "\${2:cat}", "weights": { $3 } }`,
  },
  set: {
    name: 'set',
    documentation: 'Examples that no expert has seen.',
    insert: `{ "data": "$2", "expert": "$3", "scorer": "\${4:exact}" }`,
  },
};

export function newPart(kind: NameKind, taken: readonly string[]): Offer {
  const { name, documentation, insert } = parts[kind];
  const free = [name, ...taken.map((_, i) => `${name}${i + 2}`)].find(n => !taken.includes(n))!;
  const label = `New ${kind === 'set' ? 'held-out set' : kind}`;
  return { label, kind: 'snippet', documentation, insert: `"\${1:${free}}": ${insert}`, goesOn: true };
}
