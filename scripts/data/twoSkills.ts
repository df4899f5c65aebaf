import { Random } from '../../src/nn/tensor/random.ts';
import { codeQuestion } from './code.ts';
import { listOperations, numberOperations } from './codeOperations.ts';
import { type CodeProblem, functionName, keyOf, type Step, sourceOf } from './codeProblem.ts';
import { codeTests } from './codeTests.ts';
import { mathQuestion } from './math.ts';
import { mathProblem } from './mathProblem.ts';
import type { GeneratedExample } from './split.ts';

/** Steps with one whole number that may be of any size. */
const operations = [...numberOperations, ...listOperations].filter(({ draw, group, id }) => {
  const args = draw(new Random(1));
  const isCount = group === 'cut' || /modulo|multiples?$/i.test(id);
  return args.length === 1 && typeof args[0] === 'number' && !isCount;
});

/**
 * A function with a number that has to be worked out first: one question of math, whose result is called k, and one of code
 * that speaks of k. Whose half of math is kept back is kept back.
 */
export function twoSkillExample(random: Random): GeneratedExample {
  for (;;) {
    const math = mathProblem(random);
    if (!/^\d+$/.test(math.answer)) continue;
    const operation = random.choice(operations);
    const steps: Step[] = [{ operation, args: [Number(math.answer)] }];
    const { from } = operation;
    const name = functionName(random);
    const problem: CodeProblem = { steps, from, name, key: keyOf(from, steps), source: sourceOf(name, from, steps) };
    const tests = codeTests(problem, random);
    if (!tests) continue;
    const asked = codeQuestion({ ...problem, steps: [{ operation, args: ['k'] }] }, random);
    return {
      messages: [
        { role: 'user', content: `${mathQuestion(math, random)} Call the result k. ${asked}` },
        {
          role: 'assistant',
          content: `${math.working}\nAnswer: ${math.answer}\n\`\`\`\n${problem.source}\n\`\`\``,
        },
      ],
      kind: `${math.kind}+${operation.id}`,
      key: math.key,
      uses: [...math.uses, problem.key],
      tests,
    };
  }
}
