import type { Quantization } from './quantization.ts';
import type { ScorerName } from './scorer.ts';

/** `report.json`: what a run learned, what it forgot, and what it cost. The HTML page and the report view draw this. */
export interface Report {
  version: 1;
  /** ISO 8601, when the evaluation ended. */
  created: string;
  recipe: { name: string; path: string; seed: number };
  base: ReportBase;
  machine: { platform: string; cpu: string; threads: number; memoryBytes: number; runtime: string; node: string };
  experts: ReportExpert[];
  /** Named blends and the weights proposed from the scores. */
  blends: { name: string; weights: Record<string, number>; source: 'recipe' | 'scores' | 'router' }[];
  merges: ReportMerge[];
  sets: ReportSet[];
  /** Every system against every set. */
  scores: ReportScore[];
  router?: ReportRouter;
  forgetting: ReportForgetting;
  storage: ReportStorage;
  /** Milliseconds to change experts or weights, without and with the next token. */
  switching?: { medianMs: number; worstMs: number; changes: number };
  curves: ReportCurve[];
  /** Sample answers of the routed system and of each set's expert. */
  examples: ReportExample[];
  /** Seconds of each part of the run. */
  durations: { name: string; seconds: number }[];
}

interface ReportBase {
  name: string;
  parameters: number;
  /** Bytes of its weights on disk. */
  bytes: number;
  /** What the experts' base was computed with; as it is stored without it. The hashes are those of the stored weights. */
  quantization?: Quantization;
  hashBefore: string;
  hashAfter: string;
}

export interface ReportExpert {
  name: string;
  domain?: string;
  rank: number;
  alpha: number;
  scaling: number;
  targets: string[];
  parameters: number;
  bytes: number;
  trainExamples: number;
  steps: number;
  tokens: number;
  bestValidationLoss?: number;
}

export interface ReportMerge {
  name: string;
  method: string;
  weights: Record<string, number>;
  rank: number;
  /** ‖merged − exact weighted sum‖ / ‖exact weighted sum‖, Frobenius norms over all layers. */
  relativeError: number;
  path: string;
}

interface ReportSet {
  name: string;
  expert: string;
  scorer: ScorerName;
  examples: number;
}

/** Exact-match accuracy of one system on one set. */
export interface ReportScore {
  /** `base`, `routed`, an expert, a blend or a merge. */
  system: string;
  kind: 'base' | 'routed' | 'expert' | 'blend' | 'merge' | 'sequential';
  set: string;
  correct: number;
  total: number;
  /** Wilson 95 % interval, as shares. */
  low: number;
  high: number;
}

export interface ReportRouter {
  kind: 'learned' | 'keywords';
  /** Expert names, then `abstained`. */
  labels: string[];
  /** [true label][predicted label], counts on the held-out sets. */
  confusion: number[][];
  accuracy: number;
  calibrationError: number;
  /** Reliability diagram: confidence bins with the share that was right. */
  bins: { confidence: number; accuracy: number; count: number }[];
  msPerPrompt: number;
}

export interface ReportForgetting {
  /** Largest difference between the base's logits before training and with all gates at zero after it; 0 is bit-equal. */
  gateZeroDifference: number;
  gateZeroBitEqual: boolean;
  /** Probe tokens whose logits were compared. */
  probeTokens: number;
  /** Accuracy of each expert right after it was trained alone in the bank, and with all others trained and loaded. */
  experts: { expert: string; set: string; before: number; after: number; total: number }[];
  /** One adapter trained on one domain after the other; absent when the recipe does not ask for it. */
  sequential?: {
    order: string[];
    /** After each stage, accuracy (correct) on every set of the order. */
    stages: { trainedOn: string; correct: Record<string, number>; total: Record<string, number> }[];
    /** Per set: best accuracy when it was just trained minus accuracy at the end, in shares. */
    forgotten: Record<string, number>;
  };
}

export interface ReportStorage {
  /** One base with all adapters, against one merged full model per expert: bytes on disk. */
  adaptersBytes: number;
  baseBytes: number;
  fullCopiesBytes: number;
  /** Peak resident memory of a process that loads each and answers, in bytes; absent when not measured. */
  adaptersResident?: number;
  fullCopiesResident?: number;
}

export interface ReportCurve {
  expert: string;
  /** Training loss by step, thinned to at most some hundred points. */
  train: { step: number; loss: number; learningRate: number }[];
  validation: { step: number; loss: number }[];
}

export interface ReportExample {
  set: string;
  system: string;
  prompt: string;
  expected: string;
  got: string;
  correct: boolean;
  route?: Record<string, number>;
}
