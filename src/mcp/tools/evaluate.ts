import * as z from 'zod';
import type { MinimumCheck } from '../../protocol/engine/evaluating.ts';
import { reportText } from '../../report/reportText.ts';
import { interval, percent } from '../../text/numbers.ts';
import { defineTool, recipeInput, writes } from '../tool.ts';

export const evaluate = defineTool({
  name: 'evaluate',
  title: 'Evaluate on held-out data',
  description:
    'Measures base, experts, router, blends and merges of a recipe on its held-out sets, and what was forgotten; holds the scores against the minimums that the recipe sets; writes the report as data and as a page, and keeps the earlier one. Takes minutes.',
  input: z.strictObject({
    recipe: recipeInput,
    sets: z
      .array(z.string())
      .min(1)
      .optional()
      .describe('These sets alone, without the comparison with one adapter trained on one domain after the other.'),
  }),
  annotations: writes,

  async run({ recipe, sets }, { place, engine, signal, progress }) {
    const { report, reportPath, htmlPath, gates, problems } = await engine.request(
      'evaluate',
      { recipe: place(recipe), sets },
      { signal, onProgress: told => told.kind === 'work' && progress(told) },
    );
    const summary = reportText(report);
    return {
      text: [
        summary,
        '',
        ...gates.map(minimumLine),
        ...problems.map(({ message }) => `note: ${message}`),
        `report  ${htmlPath}`,
        `data    ${reportPath}`,
      ].join('\n'),
      data: {
        summary,
        reportPath,
        htmlPath,
        // What is right question by question is in the file.
        scores: report.scores.map(({ right: _, ...score }) => score),
        minimums: gates,
        problems,
      },
    };
  },
});

function minimumLine({ set, system, minimum, score, isPassed }: MinimumCheck): string {
  const measured = score ? `${percent(score.correct / score.total)} (${interval(score)})` : 'not measured';
  return `minimum ${isPassed ? 'passed' : 'MISSED'}: ${system} on ${set}: ${measured}, wanted ${percent(minimum)}`;
}
