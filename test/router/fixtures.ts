import { readFileSync } from 'node:fs';
import { Random } from '../../src/nn/tensor/random.ts';
import { readPrior } from '../../src/router/routerFile.ts';
import type { ExpertPrompts } from '../../src/router/trainRouter.ts';

const folder = new URL('../../media/router/', import.meta.url);
const fixtures = new URL('../fixtures/router/', import.meta.url);

export const priorHeader = JSON.parse(readFileSync(new URL('prior.json', folder), 'utf8'));
export const priorBytes = new Uint8Array(readFileSync(new URL('prior.bin', folder)));
export const prior = readPrior(priorHeader, priorBytes);

/** Prompts in the manner of public benchmarks, written before the prior was tuned. Never trained on, but looked at while tuning. */
export const unseen = lines<{ prompt: string; expert: string; kind: string }>('unseen.jsonl');

/** Open-domain questions written before this prior was trained and measured once after it was: they chose nothing. */
export const openDomain = lines<{ prompt: string; expert: string; kind: string }>('openDomain.jsonl');

/** Requests of two kinds; `order` names the experts of the blend, heaviest first. */
export const mixed = lines<{ prompt: string; order: string[] }>('mixed.jsonl');

/** The prompts that the shipped example experts were trained on, or held out from that. */
export function examplePrompts(set: 'train' | 'heldout'): ExpertPrompts[] {
  return ['math', 'code', 'qa'].map(name => {
    const file = new URL(`../../examples/experts/${name}/${set}.jsonl`, import.meta.url);
    const examples = readFileSync(file, 'utf8').trim().split('\n');
    const prompts = examples.map(
      line => (JSON.parse(line) as { messages: { content: string }[] }).messages[0]!.content,
    );
    return { name, domain: name, prompts };
  });
}

/** Narrow prompts as experts are trained on: few templates, other numbers and names. */
export function ownPrompts(count: number): ExpertPrompts[] {
  const random = new Random(1);
  const n = () => random.integer(1, 99);
  const who = () => random.choice(['Ben', 'Ann', 'Leo', 'Mia']);
  const what = () => random.choice(['harbor', 'lantern', 'meadow', 'anchor', 'orchard']);
  const make = (makers: (() => string)[]) => Array.from({ length: count }, () => random.choice(makers)());
  const math = make([
    () => `What is ${n()} + ${n()}?`,
    () => `Solve for x: ${n()}x + ${n()} = ${n()}`,
    () => `What is ${n()}% of ${n()}?`,
  ]);
  const code = make([
    () => `Write a JavaScript function that adds ${n()} to x.`,
    () => `Implement isEven(n).`,
    () => `Create a function ${what()}(list).`,
  ]);
  const qa = make([
    () => `${who()} has ${n()} coins. ${who()} is in the hall. Where is ${who()}?`,
    () => `What is a ${what()}?`,
    () => `Define ${what()}.`,
  ]);
  return [
    { name: 'math', domain: 'math', prompts: math },
    { name: 'code', domain: 'code', prompts: code },
    { name: 'qa', domain: 'qa', prompts: qa },
  ];
}

function lines<T>(name: string): T[] {
  return readFileSync(new URL(name, fixtures), 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as T);
}
