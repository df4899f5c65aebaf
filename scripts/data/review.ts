import type { Random } from '../../src/nn/tensor/random.ts';
import { reviewAnswer } from '../../src/review/findings.ts';
import { hunkPrompt } from '../../src/review/hunkPrompt.ts';
import { reviewCode } from './reviewCode.ts';
import { drawHunk } from './reviewHunk.ts';
import { reviewMistakes } from './reviewMistakes.ts';
import { inSomeStyle } from './reviewStyle.ts';
import type { GeneratedExample } from './split.ts';

const KINDS = Object.keys(reviewMistakes);
const SHARE_WITHOUT = 0.35;

/** One exchange: a new line of a diff with those before it, and what a reviewer says of it. */
export function reviewExample(random: Random): GeneratedExample {
  // Drawn once: a kind that few lines can have would be rare if each attempt drew anew.
  const kind = random.uniform() < SHARE_WITHOUT ? 'none' : random.choice(KINDS);
  for (;;) {
    const code = reviewCode(random);
    const drawn = drawHunk(code.lines, reviewMistakes[kind], random);
    if (!drawn) continue;
    const { lines, finding, key } = inSomeStyle(drawn, random);
    return {
      messages: [
        { role: 'user', content: hunkPrompt(lines, `${code.language} code`) },
        { role: 'assistant', content: reviewAnswer(finding ? [finding] : []) },
      ],
      kind,
      key,
    };
  }
}
