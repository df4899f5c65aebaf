import type { MergeFit } from '../protocol/mergeFit.ts';
import { count, duration, significant } from './numbers.ts';

/** How well a merge that was fitted to data does what the experts do on their own texts. */
export function fitText(fit: MergeFit): string {
  const { texts, tokens, outputError, meanOutputError, firstLoss, loss, arithmetic, seconds } = fit;
  const how = arithmetic === 'int8' ? ', with products in 8 bits' : '';
  const took = seconds === undefined ? '' : `, in ${duration(seconds)}`;
  const parts = [`fitted to ${count(texts)} texts, ${count(tokens)} tokens${how}${took}`];
  if (outputError !== undefined && meanOutputError !== undefined)
    parts.push(
      `error of the layers' outputs ${significant(outputError)}, of the experts' mean ${significant(meanOutputError)}`,
    );
  if (firstLoss !== undefined && loss !== undefined)
    parts.push(`loss ${significant(firstLoss)} → ${significant(loss)}`);
  return parts.join('; ');
}
