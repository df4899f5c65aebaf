import { visibleName } from '../../protocol/visibleText.ts';
import type { ArchitectureTraits } from './architectureTraits.ts';
import type { ConfigReader } from './configReader.ts';

/** How rotary frequencies are stretched beyond the trained length. */
type RopeScaling =
  | { type: 'none' }
  | { type: 'linear'; factor: number }
  | { type: 'llama3'; factor: number; lowFactor: number; highFactor: number; originalLength: number }
  | YarnScaling
  | LongropeScaling;

/** YaRN (Peng et al. 2023, arXiv:2309.00071). */
interface YarnScaling {
  type: 'yarn';
  factor: number;
  originalLength: number;
  /** Dimensions that turn more often than `betaFast` within the original length stay; those below `betaSlow` are stretched. */
  betaFast: number;
  betaSlow: number;
  /** The bounds between the two are whole dimensions. */
  truncate: boolean;
  /** On cos and sin. */
  attentionFactor: number;
}

/** LongRoPE (Ding et al. 2024, arXiv:2402.13753): a factor for each frequency, others for texts beyond the original length. */
interface LongropeScaling {
  type: 'longrope';
  shortFactors: number[];
  longFactors: number[];
  originalLength: number;
  /** On cos and sin, of short texts too. */
  attentionFactor: number;
}

/** A rotary embedding: of each head the first `dim` numbers are rotated. */
export interface Rope {
  theta: number;
  dim: number;
  scaling: RopeScaling;
}

/** What the rotary embeddings of a base depend on besides their own keys. */
interface RopeSizes {
  headDim: number;
  /** max_position_embeddings */
  length: number;
}

interface RopeDefaults extends RopeSizes {
  theta: number;
}

/** Far above what any model is stretched by. */
const mostStretch = 10_000;

/**
 * The rotary embeddings of a base, the first for blocks without a window, and how long its texts may be: as transformers'
 * `convert_rope_params_to_dict`. What people add by hand, `rope_scaling`, stands for all of `rope_parameters`.
 */
export function ropesOf(
  config: ConfigReader,
  traits: ArchitectureTraits,
  sizes: RopeSizes,
): { ropes: Rope[]; maxLength: number } {
  const older = config.object('rope_scaling', 'rope scaling');
  const newer = config.object('rope_parameters', 'rope scaling');
  const given = older && older.keys().length > 0 ? older : newer;
  const kinds = (given?.keys() ?? []).filter(key => key.includes('attention') && key !== 'attention_factor');
  if (traits.ropes) return ropesByKind(config, traits.ropes, traits, sizes);
  if (kinds.length > 0)
    throw config.unsupported(
      `rope scaling for '${visibleName(kinds[0]!)}' alone`,
      'Use a model with one for all its layers.',
    );
  const theta = thetaOf(config, given, traits.ropeKeys.theta, 10_000);
  const rope = ropeOf(config, given, traits, { ...sizes, theta });
  return { ropes: [rope.rope], maxLength: rope.maxLength };
}

/** Of blocks that see everything, and of those with a window: as in Gemma 3, where `rope_scaling` is of the former alone. */
function ropesByKind(
  config: ConfigReader,
  thetas: { theta: number; slidingTheta: number },
  traits: ArchitectureTraits,
  sizes: RopeSizes,
): { ropes: Rope[]; maxLength: number } {
  const older = config.object('rope_scaling', 'rope scaling');
  const scaled = older && older.keys().length > 0 ? older : undefined;
  if (scaled?.has('full_attention') || scaled?.has('sliding_attention'))
    throw config.bad('rope_scaling', "of one kind; 'rope_parameters' holds those of several", {});
  const parameters = config.object('rope_parameters', 'rope scaling');
  const kindOf = (kind: string) => parameters?.object(kind, kind);
  const [full, sliding] = [kindOf('full_attention'), kindOf('sliding_attention')];
  if (parameters && parameters.keys().length > 0 && !full && !sliding)
    throw config.bad('rope_parameters', "one for 'full_attention' and one for 'sliding_attention'", {});
  const fullTheta = thetaOf(config, scaled?.has('rope_theta') ? scaled : full, traits.ropeKeys.theta, thetas.theta);
  const slidingTheta = sliding?.optional('rope_theta') ?? config.number('rope_local_base_freq', thetas.slidingTheta);
  const found = [
    ropeOf(config, scaled ?? full, traits, { ...sizes, theta: fullTheta }),
    ropeOf(config, sliding, traits, { ...sizes, theta: checkedTheta(config, slidingTheta) }),
  ];
  const ropes = found.map(({ rope }) => rope);
  const originals = ropes.flatMap(({ scaling: s }) => (s.type === 'longrope' ? [s.originalLength] : []));
  if (new Set(originals).size > 1)
    throw config.unsupported(
      `rope scaling 'longrope' with the original lengths ${originals.join(' and ')}`,
      'Use a model with one for all its layers.',
    );
  return { ropes, maxLength: Math.min(...found.map(f => f.maxLength)) };
}

function thetaOf(config: ConfigReader, given: ConfigReader | undefined, key: string, fallback: number): number {
  return checkedTheta(config, given?.optional('rope_theta') ?? config.number(key, fallback));
}

function checkedTheta(config: ConfigReader, theta: number): number {
  if (theta < 1) throw config.bad('rope_theta', 'at least 1', theta);
  return theta;
}

function ropeOf(
  config: ConfigReader,
  given: ConfigReader | undefined,
  traits: ArchitectureTraits,
  { theta, headDim, length }: RopeDefaults,
): { rope: Rope; maxLength: number } {
  const { part: key, partByDefault = 1 } = traits.ropeKeys;
  const part = given?.optional('partial_rotary_factor') ?? config.number(key ?? 'partial_rotary_factor', partByDefault);
  if (part !== 1 && key === undefined)
    throw config.unsupported('partial_rotary_factor', `${traits.className} rotates whole heads`);
  if (part > 1) throw config.bad(key ?? 'partial_rotary_factor', 'at most 1', part);
  const dim = Math.floor(headDim * part);
  if (dim % 2 !== 0 || dim === 0)
    throw config.unsupported(
      part === 1 ? `head_dim ${headDim}` : `partial_rotary_factor ${part} of ${headDim}`,
      'rotary embedding needs an even size',
    );
  if (!given) return { rope: { theta, dim, scaling: { type: 'none' } }, maxLength: length };
  const scaling = scalingOf(config, given, { length, count: dim / 2 });
  // The stretched frequencies would follow the length of each text; within the trained length they are as they were.
  if (scaling.type === 'dynamic') return { rope: { theta, dim, scaling: { type: 'none' } }, maxLength: scaling.length };
  // Who adds yarn by hand leaves max_position_embeddings as it was.
  const stretched = scaling.type === 'yarn' && scaling.originalLength <= length ? yarnLength(given, scaling) : 0;
  return { rope: { theta, dim, scaling }, maxLength: Math.max(length, stretched) };
}

function scalingOf(
  config: ConfigReader,
  given: ConfigReader,
  { length, count }: { length: number; count: number },
): RopeScaling | { type: 'dynamic'; length: number } {
  const said = given.text('rope_type') ?? given.text('type') ?? 'default';
  // What early Phi-3 models call it.
  const type = said === 'su' || (said === 'yarn' && given.has('long_factor')) ? 'longrope' : said;
  const stretch = (x: number) => {
    if (x < 1 || x > mostStretch) throw given.bad('factor', `a number from 1 to ${mostStretch}`, x);
    return x;
  };
  const factor = () => stretch(given.number('factor'));
  // A model that says it beside the rest means it for that.
  const outer = config.optional('original_max_position_embeddings') === undefined ? given : config;
  const original = () => outer.integer('original_max_position_embeddings', length);
  switch (type) {
    case 'default':
      return { type: 'none' };
    case 'linear':
      return { type, factor: factor() };
    case 'dynamic':
      factor();
      return { type, length: Math.min(length, original()) };
    case 'llama3':
      return {
        type,
        factor: factor(),
        lowFactor: given.number('low_freq_factor'),
        highFactor: given.number('high_freq_factor'),
        originalLength: outer.number('original_max_position_embeddings', length),
      };
    case 'yarn':
      return yarnOf(given, stretch, original(), length);
    case 'longrope':
      return longropeOf(given, original(), { length, count });
  }
  throw config.unsupported(
    `rope scaling '${visibleName(type)}'`,
    "supported: 'default', 'linear', 'dynamic', 'llama3', 'yarn', 'longrope'",
  );
}

/** What yarn stretches the original length to, where that is said. */
function yarnLength(given: ConfigReader, { originalLength, factor }: YarnScaling): number {
  return given.has('original_max_position_embeddings') ? Math.floor(originalLength * factor) : 0;
}

function yarnOf(
  given: ConfigReader,
  stretch: (x: number) => number,
  originalLength: number,
  length: number,
): YarnScaling {
  // Some models say the two lengths alone.
  const ratio = length > originalLength ? length / originalLength : undefined;
  const factor = stretch(given.number('factor', ratio));
  const magnitude = (scale: number) => (factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1);
  const [scale, scaleOfAll] = [given.optional('mscale'), given.optional('mscale_all_dim')];
  const implied =
    scale !== undefined && scaleOfAll !== undefined ? magnitude(scale) / magnitude(scaleOfAll) : magnitude(1);
  return {
    type: 'yarn',
    factor,
    originalLength,
    betaFast: given.number('beta_fast', 32),
    betaSlow: given.number('beta_slow', 1),
    truncate: given.flag('truncate') ?? true,
    attentionFactor: given.number('attention_factor', implied),
  };
}

function longropeOf(
  given: ConfigReader,
  originalLength: number,
  { length, count }: { length: number; count: number },
): LongropeScaling {
  const wanted = `a list of ${count} positive numbers, one for each rotated pair`;
  const factors = (key: string): number[] => {
    const isFactor = (x: unknown): x is number => typeof x === 'number' && x > 0 && x <= mostStretch;
    const list = given.list(key, wanted, isFactor);
    if (list?.length !== count) throw given.bad(key, wanted, list);
    return list;
  };
  const factor = given.optional('factor') ?? length / originalLength;
  const implied = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(originalLength));
  const attentionFactor = given.number('attention_factor', implied);
  return {
    type: 'longrope',
    shortFactors: factors('short_factor'),
    longFactors: factors('long_factor'),
    originalLength,
    attentionFactor,
  };
}
