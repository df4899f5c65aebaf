import type { RouteResult } from '../../protocol/route.ts';
import { functionWords } from '../../router/words.ts';
import { beyondText } from '../../text/route.ts';
import { codeSpan, inMarkdown } from '../../text/shown.ts';
import { weightsText } from '../../text/target.ts';

/** One line of Markdown: whom the router chose, and the strongest evidence for it. */
export function routeLine(route: RouteResult, mostEvidence: number): string {
  const beyond = route.beyond ? ` ${inMarkdown(beyondText(route.beyond))}` : '';
  if (route.abstained) return `The router recognises no expert’s domain: **the base answers alone**.${beyond}`;
  // Forms of sentences are for the page: a word says more in a line.
  const words = strongest(route)
    .filter(e => e.contribution > 0 && e.expert in route.weights && !e.feature.startsWith('form '))
    .map(e => e.feature);
  const telling = words.filter(saysMuch);
  const evidence = (telling.length > 0 ? telling : words)
    .slice(0, mostEvidence)
    .map(feature => codeSpan(plainly(feature)));
  const like = route.of === undefined ? '' : ' like the question before it';
  return `Routed to **${inMarkdown(weightsText(route.weights))}**${like}${evidence.length > 0 ? `, because of ${evidence.join(', ')}` : ''}.${beyond}`;
}

/** Whether it has a word that not every sentence has. */
function saysMuch(feature: string): boolean {
  return feature.split(' ').some(word => !/^([a-z]{1,2}|<number>)$/.test(word) && !functionWords.has(word));
}

/** Without the marks of what is no word of the prompt: `equation`. */
function plainly(feature: string): string {
  return feature.replace(/^\[(.*)\]$/, '$1').replaceAll('<number>', 'number');
}

/** The whole route as a page of plain text. */
export function routePage(prompt: string, route: RouteResult): string {
  const evidence = strongest(route);
  const width = evidence.reduce((longest, e) => Math.max(longest, e.expert.length), 0);
  return [
    route.abstained
      ? 'Route: no expert’s domain was recognised; the base answered alone.'
      : `Route: ${weightsText(route.weights)}`,
    ...(route.beyond ? ['', beyondText(route.beyond)] : []),
    '',
    route.of === undefined ? 'The router looked at this prompt:' : 'The router looked at this earlier prompt:',
    '',
    ...(route.of ?? prompt).split('\n').map(line => `    ${line}`),
    '',
    'What spoke for an expert (+) or against it (−), the strongest first:',
    '',
    ...evidence.map(e => `    ${signed(e.contribution)}  ${e.expert.padEnd(width)}  ${e.feature}`),
    '',
  ].join('\n');
}

function strongest({ evidence }: RouteResult): RouteResult['evidence'] {
  return evidence.toSorted((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution));
}

function signed(x: number): string {
  return `${x < 0 ? '−' : '+'}${Math.abs(x).toFixed(2)}`;
}
