/** What a training run tells while it goes on; the command line, the notebook and the views all read these. */
export type TrainEvent =
  | RecomputeEvent
  | TrainStepEvent
  | ValidationEvent
  /** Everything up to this step is on disk. */
  | { type: 'checkpoint'; step: number }
  /** Stopped on request; a checkpoint of this step is on disk. */
  | { type: 'cancelled'; step: number }
  /** All experts have taken their steps. */
  | { type: 'trained'; step: number };

/** Before the first step: activations are computed again, because training would not fit into memory otherwise. */
interface RecomputeEvent {
  type: 'recompute';
  /** Steps that were taken before, by a run that this one goes on from. */
  step: number;
  /** Predicted memory of the engine's process, and what it would be without. */
  bytes: number;
  bytesWithout: number;
  /** What it may take. */
  budgetBytes: number;
}

export interface TrainStepEvent {
  type: 'step';
  step: number;
  steps: number;
  experts: Record<string, { loss: number; learningRate: number; gradientNorm: number }>;
  tokensPerSecond: number;
  secondsLeft: number;
  residentBytes: number;
}

interface ValidationEvent {
  type: 'validation';
  /** The expert's own step. */
  step: number;
  expert: string;
  /** Mean negative log-likelihood per trained token, in nats. */
  loss: number;
  /** The lowest so far; these factors are kept. */
  best: boolean;
  /** The expert's patience is used up. */
  stopped: boolean;
}
