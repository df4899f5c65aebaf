/**
 * Precision and recall of reviews on changes of real files: lines of the packages in node_modules, half of the changes with
 * one fault that linters know put into them, half as they are. A finding is right where it is on the faulty line and says
 * how that was before; everything else that is shown is wrong. Needs `npm run build`.
 *
 *   node --import tsx scripts/review/measureReview.ts [--base BASE | --recipe FILE] [--count 60] [--seed 1]
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startBuiltEngine } from '../../bench/builtEngine.ts';
import { codeIn, languageName } from '../../src/extension/ask/tasks.ts';
import { type Reviewer, reviewerFor } from '../../src/extension/review/reviewer.ts';
import { reviewFiles } from '../../src/extension/review/reviewFiles.ts';
import { Random } from '../../src/nn/tensor/random.ts';
import { codeTokens } from '../../src/review/codeTokens.ts';
import type { Finding } from '../../src/review/findings.ts';
import { emptyTally } from '../../src/review/reviewSummary.ts';
import { type DrawnHunk, drawHunks } from './drawHunks.ts';

const { values: args } = parseArgs({
  options: {
    base: { type: 'string' },
    recipe: { type: 'string' },
    count: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
  },
});

const packages = fileURLToPath(new URL('../../node_modules', import.meta.url));
const drawn = drawHunks(packages, Number(args.count), new Random(Number(args.seed)));
const source = args.recipe ? { recipe: args.recipe } : { base: args.base ?? 'embedded' };
const engine = startBuiltEngine(2);

/** Without quotes' form, white space and semicolons; of declarations either kind will do. */
function normal(line: string, languageId: string): string {
  const tokens = codeTokens(line, languageId).tokens.filter(token => token.value !== ';');
  return JSON.stringify(tokens.map(t => (t.value === 'const' ? 'let' : t.value)));
}

function isRight({ fault, languageId }: DrawnHunk, line: number, { replacement }: Finding): boolean {
  if (fault?.line !== line || replacement === undefined) return false;
  return normal(replacement, languageId) === normal(fault.right, languageId);
}

async function measure(): Promise<void> {
  const described = await engine.request('describe', source);
  // A base that was not measured yet weighs all the same.
  const reviewer: Reviewer = reviewerFor(described) ?? { target: { kind: 'base' }, name: 'base', way: 'weighs' };
  const tally = emptyTally('packages', reviewer.name);
  const started = performance.now();
  let [shown, right] = [0, 0];
  const files = drawn.map(each => ({
    ...each,
    path: each.file,
    code: codeIn(languageName(each.languageId)),
    lines: each.text.split('\n'),
    hunks: [each.hunk],
  }));
  const { target } = reviewer;
  await reviewFiles(files, {
    reviewer,
    window: described.base.contextLength,
    signal: new AbortController().signal,
    tally,
    engine: {
      countTokens: request => engine.request('countTokens', { ...source, ...request }),
      async ask(prompts, maxTokens) {
        const request = { ...source, target, prompts, settings: { maxTokens, temperature: 0 } };
        return (await engine.request('askAll', request)).answers;
      },
      weigh: async items => (await engine.request('weigh', { ...source, target, items })).items,
    },
    listener: {
      onBatch() {},
      onFinding(file, { number, text }, finding) {
        shown++;
        const is = isRight(file, number, finding);
        if (is) right++;
        const kind = file.fault?.kind ?? 'clean';
        console.log(`${is ? 'right' : 'WRONG'} [${kind}] ${text.trim()} → ${finding.replacement} (${finding.message})`);
        return 'shown';
      },
    },
  });
  const faults = drawn.filter(each => each.fault).length;
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  const share = (part: number, whole: number) => `${part} of ${whole} (${((100 * part) / whole).toFixed(0)} %)`;
  console.log(`${drawn.length} changes, ${tally.reviewedLines} lines, ${seconds} s`);
  console.log(`precision ${share(right, shown)}, recall ${share(right, faults)}; ${tally.unfounded} not shown`);
}

await measure().finally(() => engine.dispose());
