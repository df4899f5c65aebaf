import {
  type BlendOutput,
  type CheckOutput,
  type EvaluateOutput,
  type MergeOutput,
  type StepAnswer,
  type StepOutput,
  stateWords,
  type TrainOutput,
} from '../../protocol/notebookOutput.ts';
import type { RouteResult } from '../../protocol/route.ts';
import { alignColumns, plainText } from '../../report/reportText.ts';
import { share } from '../../report/scoreGrid.ts';
import { count, duration, listing, percent, plural, significant, weightList } from '../../text/numbers.ts';
import { beyondText } from '../../text/route.ts';
import { keptText } from './keptText.ts';

/** Evidence for a route that is named in a line. */
const mostEvidence = 6;

/** An output as plain text: for copying, for comparing, and where nothing can draw it. No final newline. */
export function outputText(output: StepOutput): string {
  switch (output.kind) {
    case 'train':
      return trainText(output);
    case 'ask':
      return answerText(output.answer);
    case 'blend':
      return blendText(output);
    case 'merge':
      return mergeText(output);
    case 'evaluate':
      return evaluateText(output);
    case 'check':
      return checkText(output);
  }
}

function trainText({
  state,
  experts,
  on,
  step,
  steps,
  tokensPerSecond,
  secondsLeft,
  message,
  kept = [],
  curves,
}: TrainOutput): string {
  const parts = [
    `${stateWords[state]}: ${listing(experts) || 'all experts'}${on ? ` on ${on}` : ''}`,
    ...(steps > 0 ? [`step ${step}/${steps}`] : message ? [message] : []),
    ...(tokensPerSecond ? [`${count(tokensPerSecond)} tokens/s`] : []),
    ...(secondsLeft === undefined ? [] : [`${duration(secondsLeft)} left`]),
  ];
  const rows = curves.map(({ expert, train, validation }) => [
    expert,
    significant(train.at(0)?.loss ?? Number.NaN),
    significant(train.at(-1)?.loss ?? Number.NaN),
    significant(validation.reduce((a, { loss }) => (a <= loss ? a : loss), Number.NaN)),
  ]);
  const table = rows.length > 0 ? alignColumns([['loss', 'first', 'last', 'best validation'], ...rows]) : [];
  return [parts.join(' · '), ...keptText(kept), ...table].join('\n');
}

function answerText({ text, route, result }: StepAnswer): string {
  const lines = [plainText(text).trimEnd(), ''];
  if (route) lines.push(routeText(route));
  if (result) {
    const { finish, weights, answerTokens, seconds } = result;
    if (!route) lines.push(`Answered by ${weightList(weights) || 'the base alone'}.`);
    lines.push(
      `${plural(answerTokens, 'token')} in ${duration(seconds)}${finish === 'stop' ? '' : `, ${ends[finish]}`}.`,
    );
  }
  return lines.join('\n').trimEnd();
}

const ends = {
  length: 'cut off at the longest answer allowed',
  context: 'cut at the end of the context',
  cancelled: 'stopped',
  repeats: 'stopped because it repeated itself',
};

function routeText({ weights, abstained, evidence, beyond }: RouteResult): string {
  const more = beyond ? `\n${beyondText(beyond)}` : '';
  if (abstained) return `Routed to the base alone: no expert’s domain was recognised.${more}`;
  const strongest = evidence
    .toSorted((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution))
    .slice(0, mostEvidence)
    .map(
      ({ expert, feature, contribution }) =>
        `${feature} (${expert} ${contribution < 0 ? '−' : '+'}${Math.abs(contribution).toFixed(2)})`,
    );
  return `Routed to ${weightList(weights)}; evidence: ${strongest.join(', ') || 'none'}.${more}`;
}

function blendText({ answers }: BlendOutput): string {
  return answers
    .map(({ blend, weights, answer }) => `── ${blend}: ${weightList(weights)}\n${answerText(answer)}`)
    .join('\n\n');
}

function mergeText({ name, method, weights, rank, relativeError, path }: MergeOutput): string {
  const error = relativeError === null ? 'undefined, because that sum is 0' : significant(relativeError);
  return [
    `${name}: ${method} of ${weightList(weights)}, rank ${rank}`,
    `Relative error against the exact weighted sum: ${error}`,
    `Written to ${path}`,
  ].join('\n');
}

function evaluateText({ state, progress, sets, rows, path }: EvaluateOutput): string {
  if (state === 'running') {
    const { message, done, total } = progress ?? { message: 'waiting for the engine', done: 0, total: 0 };
    return total > 0 ? `${message} ${done}/${total}` : message;
  }
  if (rows.length === 0) return `Evaluation ${stateWords[state].toLowerCase()}.`;
  const table = rows.map(({ system, kind, cells }) => [
    system === kind ? system : `${system} (${kind})`,
    ...cells.map(cell => (cell ? percent(share(cell)) : '–')),
  ]);
  return [
    ...alignColumns([['accuracy', ...sets.map(set => set.name)], ...table]),
    ...(path ? [`Report: ${path}`] : []),
  ].join('\n');
}

function checkText({ problems, values }: CheckOutput): string {
  return problems.length > 0 ? problems.join('\n') : JSON.stringify(values, null, 2);
}
