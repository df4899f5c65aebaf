import type { Random } from '../../src/nn/tensor/random.ts';
import type { Shape } from './codeOperations.ts';
import { type CodeProblem, codeProblem, parametersOf } from './codeProblem.ts';
import { codeTests } from './codeTests.ts';
import type { GeneratedExample } from './split.ts';

const INPUTS: Record<string, string[]> = {
  number: ['a number', 'a number n', 'one number'],
  pair: ['two numbers a and b', 'numbers a and b'],
  list: ['a list of numbers', 'an array of numbers', 'a list', 'an array'],
  text: ['a text', 'a string', 'some text'],
};

/** `{does}`: third person, `{do}`: imperative; the name always follows a space, as it does after `function`. */
const PHRASINGS = [
  'Write a function {name} that takes {input} and {does}.',
  'Write a JavaScript function {name}({params}) that {does}.',
  'Create a function {name} for {input}: it {does}.',
  'In JavaScript, write {name}({params}) which {does}.',
  'I need a function {name}. It takes {input} and {does}.',
  'Write {name}({params}): {do}.',
  'Code a function {name}. Given {input}, it {does}.',
  'Please write {name}({params}) to {do}.',
  'Implement {name}({params}). It {does}.',
  'Make a JavaScript function {name} to {do}. The input is {input}.',
];
const PHRASINGS_WITHOUT_NAME = [
  'Write a JavaScript function that takes {input} and {does}.',
  'Write a function to {do}. The input is {input}.',
];
/** The name the answer uses when the question gives none. */
const DEFAULT_NAME = 'run';

function thirdPerson(phrase: string): string {
  return phrase.replace(/^\w+/, verb => {
    if (/[^aeiou]y$/.test(verb)) return `${verb.slice(0, -1)}ies`;
    return /(s|x|z|ch|sh)$/.test(verb) ? `${verb}es` : `${verb}s`;
  });
}

function joined(phrases: string[], random: Random): string {
  if (phrases.length === 1) return phrases[0]!;
  const manner = random.integer(0, 2);
  if (manner === 0) return phrases.join(', then ');
  const last = phrases.at(-1)!;
  return `${phrases.slice(0, -1).join(', ')}${manner === 1 ? ' and ' : ' and then '}${last}`;
}

function question(problem: CodeProblem, phrasing: string, random: Random): string {
  const phrases = problem.steps.map(({ operation, args }) => random.choice(operation.say(...args)));
  const fields: Record<string, string> = {
    name: problem.name,
    params: parametersOf(problem.from as Shape),
    input: random.choice(INPUTS[problem.from]!),
    do: joined(phrases, random),
    does: joined(phrases.map(thirdPerson), random),
  };
  return phrasing.replace(/\{(\w+)\}/g, (_, field: string) => fields[field]!);
}

/** A function that is asked for by its name. */
export function codeQuestion(problem: CodeProblem, random: Random): string {
  return question(problem, random.choice(PHRASINGS), random);
}

/** One code exchange: a function described in words, its source on one line, and hidden assertions about it. */
export function codeExample(random: Random): GeneratedExample {
  for (;;) {
    const drawn = codeProblem(random);
    const named = random.uniform() < 0.85;
    const problem = named
      ? drawn
      : { ...drawn, name: DEFAULT_NAME, source: drawn.source.replace(drawn.name, DEFAULT_NAME) };
    const tests = codeTests(problem, random);
    if (!tests) continue;
    return {
      messages: [
        {
          role: 'user',
          content: named
            ? codeQuestion(problem, random)
            : question(problem, random.choice(PHRASINGS_WITHOUT_NAME), random),
        },
        { role: 'assistant', content: problem.source },
      ],
      kind: problem.steps.map(s => s.operation.id).join('+'),
      key: problem.key,
      tests,
    };
  }
}
