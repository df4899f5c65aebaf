import type { DeviceStatus } from '../device.ts';
import type { MergeMethod } from '../mergeMethod.ts';
import type { Report } from '../report.ts';
import type { RunRecord } from '../runRecord.ts';
import type { TrainEvent } from '../trainEvents.ts';
import type { DescribedBase, DescribedExpert } from './described.ts';
import type { Loaded, LoadedRequest, LoadRequest, UnloadRequest } from './loaded.ts';
import type { Gate, MeasureRequest, MeasureResult } from './measure.ts';
import type { ListModelsRequest, ListModelsResult, RemoveModelRequest, RemoveModelResult } from './models.ts';
import type { PlanRequest, PlanResult } from './plan.ts';
import type { Tracked } from './tracked.ts';
import type {
  CheckpointsRequest,
  CheckpointsResult,
  PreviewDataRequest,
  PreviewDataResult,
  PromoteRequest,
  PromoteResult,
} from './training.ts';

/** What the engine process is asked, and what it answers: JSON-RPC over its standard streams. */
interface EngineRequests {
  doctor: [DoctorRequest, DoctorResult];
  train: [TrainRequest, TrainResult];
  ask: [AskRequest, AskResult];
  askAll: [AskAllRequest, AskAllResult];
  describe: [DescribeRequest, DescribeResult];
  countTokens: [CountTokensRequest, CountTokensResult];
  route: [RouteRequest, RouteResult[]];
  merge: [MergeRequest, MergeResult];
  compareMerges: [CompareMergesRequest, CompareMergesResult];
  explainTokens: [ExplainTokensRequest, ExplainTokensResult];
  evaluate: [EvaluateRequest, EvaluateResult];
  measure: [MeasureRequest, MeasureResult];
  score: [ScoreRequest, ScoreResult];
  export: [ExportRequest, ExportResult];
  download: [DownloadRequest, DownloadResult];
  listModels: [ListModelsRequest, ListModelsResult];
  removeModel: [RemoveModelRequest, RemoveModelResult];
  plan: [PlanRequest, PlanResult];
  loaded: [LoadedRequest, Loaded];
  load: [LoadRequest, Loaded];
  unload: [UnloadRequest, Loaded];
  previewData: [PreviewDataRequest, PreviewDataResult];
  checkpoints: [CheckpointsRequest, CheckpointsResult];
  promote: [PromoteRequest, PromoteResult];
}

/** What the engine tells while a request is under way; `id` is the one its caller gave the request. */
export interface EngineNotifications {
  trainEvent: { id: string; event: TrainEvent };
  /** A training or an evaluation has begun, or has come to its end. */
  run: { id: string; folder: string; record: RunRecord };
  /** Whom the router chose, before the answer's first text. */
  answerRoute: { id: string; route: RouteResult };
  /** The next piece of an answer's text. */
  answerText: { id: string; text: string };
  /** Of the engine as a whole, whatever it is asked: for the user where it is a warning, else for the log. */
  notice: { level: 'info' | 'warning'; message: string };
  /** Of the engine as a whole: what it keeps in memory is not what it was. */
  loaded: Loaded;
  progress: { id: string; message: string; done: number; total: number };
  /** At most five times a second; bytes that were there before the request count as done. */
  downloadProgress: {
    id: string;
    file: string;
    done: number;
    total: number;
    bytesPerSecond: number;
    secondsLeft?: number;
  };
}

export type EngineMethod = keyof EngineRequests;
export type EngineParams<M extends EngineMethod> = EngineRequests[M][0];
export type EngineResult<M extends EngineMethod> = EngineRequests[M][1];

export interface DoctorRequest {
  /** Tries the devices anew, whatever was found of them before. */
  probe?: boolean;
}
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
  /** What is computed on, and what is known of the other devices. */
  device: DeviceStatus;
  embeddedBase: { folder: string; parameters: number } | undefined;
  /** What is missing or wrong, and what to do about it. */
  problems: string[];
}

export interface TrainRequest extends Tracked {
  recipe: string;
  only?: string[];
  resume: boolean;
  /** The run that goes on; a new one without it. */
  run?: string;
  /** The checkpoint of another run that a new one begins with. */
  from?: { run: string; step: number };
}
export interface TrainResult {
  /** False when it was cancelled; a checkpoint is on disk. */
  finished: boolean;
  experts: { name: string; adapter: string }[];
}

/** What was said in a conversation. */
export interface ChatTurn {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

export interface AskRequest extends Tracked {
  /** Without a recipe the base answers alone. */
  recipe?: string;
  /** The base where there is no recipe: a folder, or the embedded one. */
  base?: string;
  /** The turns before the prompt, oldest first; the router reads the prompt alone. */
  history?: ChatTurn[];
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

/** Several prompts at once, each by itself: one batch of the model, so no more than it has memory for. Nothing is streamed. */
export interface AskAllRequest extends Omit<AskRequest, 'prompt' | 'history'> {
  prompts: string[];
}
export interface AskAllResult {
  /** In the order of the prompts. */
  answers: Pick<AskResult, 'text' | 'finish'>[];
}

export interface DescribeRequest {
  recipe?: string;
  /** The base where there is no recipe: a folder, or the embedded one. */
  base?: string;
}
/** What can be asked: needs the base's configuration, not its weights. */
export interface DescribeResult {
  name: string;
  base: DescribedBase;
  /** Where an evaluation writes its report; without a recipe there is none. */
  report?: string;
  /** Longest answer, in tokens, by the recipe's decoding settings. */
  maxTokens: number;
  experts: DescribedExpert[];
  blends: { name: string; weights: Record<string, number>; isTrained: boolean }[];
  merges: { name: string; isMade: boolean }[];
}

export interface CountTokensRequest {
  recipe?: string;
  base?: string;
  /** Counted as plain text … */
  texts?: string[];
  /** … or as the conversation that a prompt and what came before it become by the base's chat template. */
  conversation?: ChatTurn[];
}
export interface CountTokensResult {
  texts: number[];
  /** Tokens of the rendered conversation, up to where the answer begins; 0 without one. */
  conversation: number;
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
  /** … or these weights of its experts, with the settings and the folder said here … */
  weights?: Record<string, number>;
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

/** What each method would make of a recipe's experts; nothing is written. */
export interface CompareMergesRequest extends Tracked {
  recipe: string;
  /** All without it. Answers wait for a request: who wants some meanwhile asks for one method after the other. */
  methods?: MergeMethod[];
  weights: Record<string, number>;
  density?: number;
  /** Of the methods that cut down to a rank; the largest rank among the experts without it. */
  rank?: number;
  majoritySign?: 'total' | 'frequency';
  seed?: number;
}
export interface CompareMergesResult {
  methods: ComparedMerge[];
}
export interface ComparedMerge {
  method: MergeMethod;
  /** As in MergeResult. */
  result?: { rank: number; relativeError: number | null; parameters: number };
  /** Why the method can't merge these experts. */
  problem?: string;
  milliseconds: number;
}

/** An answer to a prompt, token by token, as the experts of a blend see it. */
export interface ExplainTokensRequest extends Tracked {
  recipe: string;
  prompt: string;
  answer: string;
  /** The blend's. */
  weights: Record<string, number>;
}
export interface ExplainTokensResult {
  /** Those with weight. */
  experts: string[];
  tokens: ExplainedToken[];
}
export interface ExplainedToken {
  text: string;
  base: NextToken;
  blend: NextToken;
  /** Each expert alone, with its weight in the blend; in the order of `experts`. */
  experts: NextToken[];
}
/** What is expected in a token's place. */
export interface NextToken {
  /** Of the token that stands there. */
  probability: number;
  /** KL(this ‖ base) of the two distributions of the next token, in nats. */
  kl: number;
  /** The text of the most probable token. */
  top: string;
}

export interface EvaluateRequest extends Tracked {
  recipe: string;
  sets?: string[];
  run?: string;
}
export interface EvaluateResult {
  report: Report;
  reportPath: string;
  htmlPath: string;
  /** The minima of the sets that were measured. */
  gates: Gate[];
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

/** Where it goes is the engine's environment's matter: HF_HUB_CACHE, HF_HOME. */
export interface DownloadRequest extends Tracked {
  /** `owner/name`. */
  repo: string;
  /** Branch, tag or commit; `main` without it. */
  revision?: string;
  /** A mirror; without it HF_ENDPOINT, else the Hugging Face hub. */
  endpoint?: string;
  /** Sent to the endpoint alone; neither kept nor logged. */
  token?: string;
  /** A proxy's address; without it HTTPS_PROXY, HTTP_PROXY and NO_PROXY count. */
  proxy?: string;
}
export interface DownloadResult {
  repo: string;
  commit: string;
  /** The base's folder; recipes may also name `owner/name`. */
  folder: string;
  bytes: number;
  /** What came over the network now; the rest was there. */
  fetchedBytes: number;
}
