/** A small instruct model of the hub that this project is known to run. */
export interface KnownModel {
  repo: string;
  /** Weights, those of a tied output projection counted once. */
  parameters: number;
  /** Size of its safetensors file on the hub, in bytes. */
  downloadBytes: number;
  licence: string;
}

/** From the smallest; parameters follow from each model's config.json. */
export const knownModels: readonly KnownModel[] = [
  {
    repo: 'HuggingFaceTB/SmolLM2-135M-Instruct',
    parameters: 134_515_008,
    downloadBytes: 269_060_552,
    licence: 'Apache-2.0',
  },
  {
    repo: 'HuggingFaceTB/SmolLM2-360M-Instruct',
    parameters: 361_821_120,
    downloadBytes: 723_674_912,
    licence: 'Apache-2.0',
  },
  { repo: 'Qwen/Qwen2.5-0.5B-Instruct', parameters: 494_032_768, downloadBytes: 988_097_824, licence: 'Apache-2.0' },
  // Its file holds the embedding a second time, as output projection.
  { repo: 'Qwen/Qwen3-0.6B', parameters: 596_049_920, downloadBytes: 1_503_300_328, licence: 'Apache-2.0' },
  {
    repo: 'Qwen/Qwen2.5-1.5B-Instruct',
    parameters: 1_543_714_304,
    downloadBytes: 3_087_467_144,
    licence: 'Apache-2.0',
  },
];

/**
 * Bytes a weight takes while a model in BF16 is loaded: in F32, as the runtime computes, beside the file's own. Measured
 * with Llama shapes of 135 M and 362 M weights: at most 0.99 and 2.53 GB, then 0.72 and 1.64 GB.
 */
const bytesPerWeight = 6.8;
/** Bytes of the process itself, its caches and the activations of an answer. */
const besides = 100e6;

/** Memory, in bytes, that a base of so many weights takes to answer; training takes more, by batch and length. */
export function memoryNeeded(parameters: number): number {
  return Math.round(parameters * bytesPerWeight + besides);
}

/** The known models that can answer within so many bytes of memory, from the smallest. */
export function modelsThatFit(memoryBytes: number): KnownModel[] {
  return knownModels.filter(m => memoryNeeded(m.parameters) <= memoryBytes);
}
