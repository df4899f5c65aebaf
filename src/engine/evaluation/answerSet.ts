import type { Example } from '../../data/example.ts';
import { promptOf } from '../../data/promptOf.ts';
import { accuracyOf } from '../../evaluation/metrics.ts';
import { textScorers } from '../../evaluation/scorers.ts';
import { type CalledTool, callLines } from '../../evaluation/toolCalls.ts';
import type { BaseText } from '../../experiment/base.ts';
import type { WorkWatch } from '../../experiment/workWatch.ts';
import { createAnswerParts } from '../../nn/decode/answerParts.ts';
import { toolNames } from '../../nn/tokenizer/callForm.ts';
import { callSyntax } from '../../nn/tokenizer/callSyntax.ts';
import type { Gap } from '../../nn/tokenizer/fillPrompt.ts';
import { reasoningSyntax } from '../../nn/tokenizer/reasoningSyntax.ts';
import { type Problem, WorkbenchError } from '../../protocol/errors.ts';
import type { ReportScore } from '../../protocol/report.ts';
import type { EvaluationSet, GenerationSettings } from '../../recipe/schema.ts';
import type { Weights } from '../runtime/adapterBank.ts';
import { type GenerateRow, generate } from '../runtime/generate.ts';
import type { Model } from '../runtime/model.ts';
import { gradeCode } from './codeSandbox.ts';

/** A held-out set, read. */
export interface LoadedSet {
  name: string;
  set: EvaluationSet;
  items: HeldOutItem[];
  /** What of its data is not used as it is written: warnings. */
  problems: Problem[];
}

export interface HeldOutItem {
  /** Of the dataset, from 1. */
  line: number;
  prompt: string;
  messages: Example['messages'];
  /** What is to be filled in place of them. */
  gap?: Gap;
  /** What may be called. */
  tools?: Example['tools'];
  /** The words of the answer, or its calls, each on a line. */
  expected: string;
  calls: CalledTool[];
  tests: string[];
}

/** One system's answer to one item. */
export interface GradedAnswer {
  item: HeldOutItem;
  got: string;
  correct: boolean;
}

/** Who answers the questions of a set. */
export interface Answerer {
  text: BaseText;
  /** One answer for each row, in their order, with its calls where they come apart from its words. */
  answer(rows: GenerateRow[], signal: AbortSignal): Promise<{ text: string; calls?: CalledTool[] }[]>;
}

/** A model of this process. */
export function modelAnswerer(model: Model): Answerer {
  return {
    text: model.base.text(),
    answer: async (rows, signal) => (await generate(model, rows, signal)).answers,
  };
}

/** Splits an example into what is asked and what is expected. */
export function heldOutItem(example: Example): HeldOutItem {
  const { messages, tools, fill, meta, line } = example;
  const { content, toolCalls = [] } = messages.at(-1)!;
  const calls = toolCalls.map(call => call.function);
  return {
    line,
    prompt: promptOf(example),
    messages: messages.slice(0, -1),
    ...(fill && { gap: { prefix: messages[0]!.content, suffix: fill.suffix } }),
    ...(tools && { tools }),
    expected: calls.length > 0 ? callLines(calls) : content,
    calls,
    tests: Array.isArray(meta.tests) ? meta.tests.map(String) : [],
  };
}

/** The sets that test a domain, each with its expert. */
export function domainSets(sets: readonly LoadedSet[]): (LoadedSet & { expert: string })[] {
  return sets.flatMap(set => (set.set.expert === undefined ? [] : [{ ...set, expert: set.set.expert }]));
}

/** Answers and grades every item; `weightsOf` chooses the experts for each. `watch` hears how many are done. */
export async function answerSet(
  answerer: Answerer,
  { set, items }: Pick<LoadedSet, 'items'> & { set: Pick<EvaluationSet, 'scorer'> },
  weightsOf: (item: HeldOutItem) => Weights,
  settings: GenerationSettings,
  batchSize: number,
  { signal, progress }: WorkWatch & { signal: AbortSignal },
): Promise<GradedAnswer[]> {
  // Prompts of similar length share a batch, so that little of it is padding.
  const order = [...items.keys()].sort((a, b) => lengthOf(items[a]!) - lengthOf(items[b]!));
  const graded: GradedAnswer[] = new Array(items.length);
  for (let start = 0; start < order.length; start += batchSize) {
    progress?.(start, items.length);
    const batch = order.slice(start, start + batchSize);
    const rows = batch.map(i => {
      const { messages, tools, gap } = items[i]!;
      const asked = { messages, ...(tools && { tools }), ...(gap && { gap }) };
      return { ...asked, weights: weightsOf(items[i]!), settings };
    });
    const answers = await answerer.answer(rows, signal);
    if (signal.aborted) throw signal.reason;
    for (const [j, i] of batch.entries()) {
      const { text, calls } = answers[j]!;
      const got = calls ? callLines(calls) : text.trim();
      const correct =
        set.scorer === 'toolCall'
          ? callLines(calls ?? callsIn(answerer.text, got, items[i]!.tools)) === callLines(items[i]!.calls)
          : await isCorrect(set.scorer, items[i]!, got, signal);
      graded[i] = { item: items[i]!, got, correct };
    }
  }
  return graded;
}

function lengthOf({ prompt, gap }: HeldOutItem): number {
  return gap ? gap.prefix.length + gap.suffix.length : prompt.length;
}

/** What an answer calls. */
function callsIn({ tokenizer, chatTemplate }: BaseText, answer: string, tools: Example['tools'] = []): CalledTool[] {
  const reasoning = reasoningSyntax(tokenizer, chatTemplate);
  const parts = createAnswerParts({
    reasoning,
    calls: callSyntax(tokenizer, chatTemplate),
    tools: toolNames(tools),
    prompt: '',
    seed: 0,
  });
  return [...parts.push(answer), ...parts.flush()].flatMap(part =>
    part.kind === 'toolCall' ? [{ name: part.name, arguments: JSON.parse(part.arguments) }] : [],
  );
}

async function isCorrect(
  scorer: Exclude<EvaluationSet['scorer'], 'toolCall'>,
  item: HeldOutItem,
  got: string,
  signal: AbortSignal,
): Promise<boolean> {
  if (scorer !== 'code') return textScorers[scorer](item.expected, got);
  if (item.tests.length === 0)
    throw new WorkbenchError(
      'badData',
      `the held-out example '${item.prompt.slice(0, 60)}' has no tests`,
      "Code sets need a field 'tests'.",
    );
  return (await gradeCode(got, item.tests, { signal })).passed;
}

/** The score of a system on a set, with its 95 % interval. */
export function scoreOf(
  system: string,
  kind: ReportScore['kind'],
  set: string,
  answers: readonly Pick<GradedAnswer, 'correct'>[],
): ReportScore {
  const { correct, total, low, high } = accuracyOf(answers.filter(a => a.correct).length, answers.length);
  const right = answers.map(a => Number(a.correct)).join('');
  return { system, kind, set, correct, total, low, high, right };
}
