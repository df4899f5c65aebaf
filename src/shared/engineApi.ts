import type { MergeMethod } from './recipe.ts';
import type { Report } from './report.ts';
import type { TrainEvent } from './trainEvents.ts';

/** What the engine process is asked, and what it answers: JSON-RPC over its standard streams. */
export interface EngineRequests {
  doctor: [DoctorRequest, DoctorResult];
  train: [TrainRequest, TrainResult];
  ask: [AskRequest, AskResult];
  route: [RouteRequest, RouteResult[]];
  merge: [MergeRequest, MergeResult];
  evaluate: [EvaluateRequest, EvaluateResult];
  score: [ScoreRequest, ScoreResult];
  export: [ExportRequest, ExportResult];
}

/** What the engine tells while a request is under way; `id` is the one its caller gave the request. */
export interface EngineNotifications {
  trainEvent: { id: string; event: TrainEvent };
  /** The next piece of an answer's text. */
  answerText: { id: string; text: string };
  progress: { id: string; message: string; done: number; total: number };
}

export type EngineMethod = keyof EngineRequests;
export type EngineParams<M extends EngineMethod> = EngineRequests[M][0];
export type EngineResult<M extends EngineMethod> = EngineRequests[M][1];

/** Every request may be followed by notifications under this identity. */
interface Tracked {
  id: string;
}

export type DoctorRequest = Record<string, never>;
export interface DoctorResult {
  node: string;
  runtime: string;
  platform: string;
  cpu: string;
  cores: number;
  threads: number;
  memoryBytes: number;
  freeMemoryBytes: number;
  backends: { name: string; bundled: boolean }[];
  embeddedBase: { folder: string; parameters: number } | undefined;
  /** What is missing or wrong, and what to do about it. */
  problems: string[];
}

export interface TrainRequest extends Tracked {
  recipe: string;
  only?: string[];
  resume: boolean;
}
export interface TrainResult {
  /** False when it was cancelled; a checkpoint is on disk. */
  finished: boolean;
  experts: { name: string; adapter: string }[];
}

export interface AskRequest extends Tracked {
  /** Without a recipe the embedded base answers alone. */
  recipe?: string;
  prompt: string;
  /** An expert, a merge, `base`, or `auto` for the router. */
  expert?: string;
  weights?: Record<string, number>;
  blend?: string;
  settings?: Record<string, unknown>;
}
export interface AskResult {
  text: string;
  finish: 'stop' | 'length' | 'cancelled' | 'context';
  /** Weights that were used; empty for the base alone. */
  weights: Record<string, number>;
  route?: RouteResult;
  promptTokens: number;
  answerTokens: number;
  timings: { routeMs: number; prefillMs: number; decodeMs: number };
}

export interface RouteRequest {
  recipe?: string;
  prompts: string[];
}
export interface RouteResult {
  weights: Record<string, number>;
  abstained: boolean;
  evidence: { expert: string; feature: string; contribution: number }[];
}

export interface MergeRequest {
  /** A merge named in a recipe … */
  recipe?: string;
  merge?: string;
  /** … or everything said here. */
  base?: string;
  adapters?: { path: string; weight: number }[];
  method?: MergeMethod;
  density?: number;
  rank?: number;
  majoritySign?: 'total' | 'frequency';
  seed?: number;
  out?: string;
  /** Writes a full Hugging Face folder with the adapters merged into the base, instead of an adapter. */
  intoBase?: boolean;
}
export interface MergeResult {
  path: string;
  rank: number;
  /** Against the exact weighted sum, Frobenius norm over all layers; null where that sum is 0. */
  relativeError: number | null;
}

export interface EvaluateRequest extends Tracked {
  recipe: string;
  sets?: string[];
}
export interface EvaluateResult {
  report: Report;
  reportPath: string;
  htmlPath: string;
}

export interface ScoreRequest extends Tracked {
  model: string;
  adapters: { path: string; weight: number }[];
  items: { text?: string; ids?: number[] }[];
  /** A safetensors file for the raw logits, `logits.0`, `logits.1` …, F32 [seq, vocab]. */
  logits?: string;
}
export interface ScoreResult {
  items: { ids: number[]; logProbabilities: number[]; total: number }[];
}

export interface ExportRequest {
  recipe: string;
  expert: string;
  format: 'peft' | 'gguf' | 'merged';
  out: string;
}
export interface ExportResult {
  path: string;
  bytes: number;
}
