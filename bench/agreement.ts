import type { DecodeParams, DecoderSide } from './decoderSide.ts';

/**
 * Whether two sides compute the same model: logits after the prompt, and the greedy choice after every token.
 * Throws where they do not, because speeds of different models are not to be compared.
 */
export async function agreement(a: DecoderSide, b: DecoderSide, request: DecodeParams): Promise<{ note: string }> {
  const [x, y] = [await logitsOf(a, request), await logitsOf(b, request)];
  const apart = gap(x, y);
  const { same, count } = await sameChoices(a, b, request);
  const note = `logits at most ${apart.toExponential(1)} apart (largest ${largest(x).toFixed(1)}); ${same} of ${count} greedy tokens agree`;
  if (apart > 0.01 * largest(x) || same < 0.95 * count) throw new Error(`the sides compute different models: ${note}`);
  return { note };
}

/**
 * The same where both sides round what their products read to 8 bits, each in its own way: their logits differ by both
 * errors, so each is held against the model in F32. Throws where one is far from it, or where `own` would owe its speed
 * to a coarser product than the peer's.
 */
export async function roundedAgreement(
  own: DecoderSide,
  peer: DecoderSide,
  exact: DecoderSide,
  request: DecodeParams,
): Promise<{ note: string }> {
  const reference = await logitsOf(exact, request);
  const error = async (side: DecoderSide) => meanGap(await logitsOf(side, request), reference);
  const [ownError, peerError] = [await error(own), await error(peer)];
  const { same, count } = await sameChoices(own, peer, request);
  const note = `logits ${ownError.toExponential(1)} (root mean square) from those in F32, whose largest is ${largest(reference).toFixed(1)}, llama.cpp's ${peerError.toExponential(1)}; ${same} of ${count} greedy tokens agree`;
  if (ownError > 0.02 * largest(reference) || ownError > 1.5 * peerError)
    throw new Error(`the sides compute different models: ${note}`);
  return { note };
}

function logitsOf(side: DecoderSide, { prompts, weights }: DecodeParams): Promise<number[]> {
  return side.logits({ prompt: prompts[0]!, weights: weights[0]! });
}

async function sameChoices(a: DecoderSide, b: DecoderSide, request: DecodeParams) {
  const [p, q] = [(await a.decode(request)).choices.flat(), (await b.decode(request)).choices.flat()];
  return { same: p.filter((id, i) => id === q[i]).length, count: p.length };
}

const gap = (x: number[], y: number[]) => largest(x.map((v, i) => v - y[i]!));
// A vocabulary is too many arguments for one call.
const largest = (x: number[]) => x.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
const meanGap = (x: number[], y: number[]) => Math.sqrt(x.reduce((sum, v, i) => sum + (v - y[i]!) ** 2, 0) / x.length);
