import type { Device } from '../device.ts';

/** What training a recipe will take; nothing is trained, and weights are not loaded. */
export interface PlanRequest {
  recipe: string;
  /** What the recipe says where it is not saved. */
  text?: string;
  only?: string[];
}
/** Memory in bytes of the engine's process at its peak. */
export interface PlanResult {
  base: { folder: string; architecture: string; parameters: number };
  device: Device;
  experts: PlannedExpert[];
  memory: {
    /** The process with the runtime, before anything is opened. */
    process: number;
    /** The base, as the compiled graphs hold it. */
    weights: number;
    factors: number;
    optimiser: number;
    activations: number;
    /** The compiled graphs themselves. */
    graphs: number;
  };
  totalBytes: number;
  /** The base's weights stay in 16 bits and are widened for each product: on a GPU, and where they would not fit otherwise. */
  widensAtUse: boolean;
  /** Activations are kept in half floats for the backward pass, on a GPU that has them. */
  halfActivations: boolean;
  /** Activations are computed again … */
  recompute: boolean;
  /** … because they would not fit otherwise, and not because the recipe says so. */
  isRecomputeChosen: boolean;
  /** Without what is chosen so that it fits. */
  totalBytesWithout: number;
  /** What the process may take: the user's limit, or what the machine has free now. */
  budgetBytes: number;
  isLimit: boolean;
  fits: boolean;
  /** Answering the longest prompt of the data with these experts. */
  answering: { process: number; weights: number; factors: number; cache: number; activations: number };
  time: PlannedTime;
  /** What was assumed, in sentences. */
  notes: string[];
}
export interface PlannedExpert {
  name: string;
  rank: number;
  /** Linear layers that carry factors. */
  layers: number;
  /** Trained numbers. */
  parameters: number;
  examples: number;
  tokensPerEpoch: number;
  steps: number;
  epochs: number;
}
interface PlannedTime {
  /** Of the expert that takes the most; experts of one run take theirs together. */
  steps: number;
  /** Floating-point operations of matrix products, over all experts; those that are done a second time are left out. */
  operationsPerStep: number;
  tokensPerStep: number;
  /** Floating-point operations a second in a large product, measured now. */
  matMulRate: number;
  secondsPerStep: number;
  seconds: number;
}
