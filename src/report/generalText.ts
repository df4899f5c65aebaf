import type { ReportGeneralText } from '../protocol/report.ts';
import { count, plural } from '../text/numbers.ts';

/** What was read, and what most of the experts cost on it. */
export function generalTextSentence({ data, texts, cut, tokens, losses }: ReportGeneralText): string {
  const read = `${plural(texts, 'text')} of ${data}, ${count(tokens)} tokens${cut ? `; of ${count(cut)} the beginning alone` : ''}.`;
  const worst = losses
    .filter(({ kind }) => kind === 'expert')
    .reduce<ReportGeneralText['losses'][number] | undefined>((a, b) => (a && a.rise >= b.rise ? a : b), undefined);
  if (!worst) return read;
  const kept = 'The base itself, and every prompt that no expert answers, keeps its loss.';
  return `${read} Under an expert the loss rises by at most ${nats(worst.rise)} nats a token (${worst.system}). ${kept}`;
}

/** System, loss, rise over the base, half of the rise's interval. */
export function generalTextRows({ losses }: ReportGeneralText): string[][] {
  return losses.map(({ system, kind, loss, rise, halfWidth }) => [
    system === kind ? system : `${system} (${kind})`,
    nats(loss),
    kind === 'base' ? '–' : signed(rise),
    kind === 'base' ? '–' : `± ${nats(halfWidth)}`,
  ]);
}

const nats = (value: number) => value.toFixed(3);
const signed = (value: number) => `${value < 0 ? '−' : '+'}${nats(Math.abs(value))}`;
