import type { DecodeParams, DecoderSide } from './decoderSide.ts';

/**
 * Whether two sides compute the same model: logits after the prompt, and the greedy choice after every token.
 * Throws where they do not, because speeds of different models are not to be compared.
 */
export async function agreement(a: DecoderSide, b: DecoderSide, request: DecodeParams): Promise<{ note: string }> {
  const asked = { prompt: request.prompts[0]!, weights: request.weights[0]! };
  const [x, y] = [await a.logits(asked), await b.logits(asked)];
  const apart = Math.max(...x.map((v, i) => Math.abs(v - y[i]!)));
  const largest = Math.max(...x.map(Math.abs));
  const [p, q] = [(await a.decode(request)).choices.flat(), (await b.decode(request)).choices.flat()];
  const same = p.filter((id, i) => id === q[i]).length;
  const note = `logits at most ${apart.toExponential(1)} apart (largest ${largest.toFixed(1)}); ${same} of ${p.length} greedy tokens agree`;
  if (apart > 0.01 * largest || same < 0.95 * p.length) throw new Error(`the sides compute different models: ${note}`);
  return { note };
}
