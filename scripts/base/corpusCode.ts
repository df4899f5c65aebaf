import type { Random } from '../../src/nn/tensor/random.ts';
import { type CodeProblem, codeProblem, parametersOf } from '../data/codeProblem.ts';
import { isTrainable } from '../data/split.ts';
import { FILLER, type Piece, repeated } from './corpusPiece.ts';

const COMMENTS: ((name: string, params: string, notes: string[]) => string)[] = [
  (name, params, notes) => `// ${name}(${params}): ${notes.join('; ')}\n`,
  (name, params, notes) => `// ${name} of ${params}: ${notes.join('; ')}\n`,
  (name, params, notes) => `/* ${params} | ${notes.join(' | ')} | as ${name} */\n`,
  (name, params, notes) => `# ${name} | ${params} | ${notes.join(' | ')}\n`,
];

function commented(problem: CodeProblem, random: Random): Piece[] {
  // Half of the notes are terse, half in the words that people use for these steps.
  const worded = random.uniform() < 0.5;
  const notes = problem.steps.map(({ operation, args }) =>
    worded ? random.choice(operation.say(...args)) : operation.note(...args),
  );
  const comment = random.choice(COMMENTS)(problem.name, parametersOf(problem.from), notes);
  return [
    [comment, FILLER],
    [problem.source, 1],
  ];
}

/** Small functions, each under a note of its name and steps. */
export function codeDocument(random: Random): Piece[] {
  const make = () => {
    let problem = codeProblem(random);
    while (!isTrainable(problem)) problem = codeProblem(random);
    return commented(problem, random);
  };
  return [...repeated(random.integer(1, 4), make, '\n'), ['\n', 0.3]];
}
