/** The first examples of an expert's training data as training reads them. */
export interface PreviewDataRequest {
  recipe: string;
  /** What the recipe says where it is not saved. */
  text?: string;
  expert: string;
  /** How many at most. */
  rows: number;
}
export interface PreviewDataResult {
  /** As the recipe names it. */
  file: string;
  /** In the file. */
  examples: number;
  /** In tokens: the recipe's, or the base's where that is shorter. */
  maxLength: number;
  rows: PreviewedExample[];
}
export interface PreviewedExample {
  /** With the chat template applied; half a character comes with its second half. */
  tokens: { text: string; isTrained: boolean }[];
  /** Tokens beyond `maxLength`, which are cut off. */
  cut: number;
}

/** The checkpoints that a training has kept. */
export interface CheckpointsRequest {
  recipe: string;
  /** The last one that has kept any without it. */
  run?: string;
}
export interface CheckpointsResult {
  /** Absent where no run has kept any. */
  run?: string;
  /** Newest first. */
  checkpoints: KeptCheckpoint[];
}
export interface KeptCheckpoint {
  step: number;
  /** Milliseconds since 1970. */
  savedAt: number;
  bytes: number;
  experts: {
    name: string;
    /** Its own; an expert may have fewer steps than its run. */
    step: number;
    /** Mean of its last batches. */
    trainLoss?: number;
    /** Its lowest validation loss until then; those factors are in the checkpoint, too. */
    best?: { step: number; loss: number };
  }[];
}

/** Makes the factors of a checkpoint an expert's adapter. */
export interface PromoteRequest {
  recipe: string;
  run: string;
  step: number;
  expert: string;
  /** Those of its best validation until then, instead of those of the step. */
  best: boolean;
}
export interface PromoteResult {
  adapter: string;
  /** Where the adapter lies that was there before; absent where there was none. */
  previous?: string;
}
