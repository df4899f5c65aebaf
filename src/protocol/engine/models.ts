export type ListModelsRequest = Record<string, never>;
export interface ListModelsResult {
  cacheFolder: string;
  models: CachedModel[];
}
/** Deletes a model of the cache at one commit, with the files that no other commit of it shares. */
export interface RemoveModelRequest {
  repo: string;
  commit: string;
}
export interface RemoveModelResult {
  /** That were freed. */
  bytes: number;
}
/** A model of the Hugging Face cache that can be used as a base. */
export interface CachedModel {
  repo: string;
  commit: string;
  /** Branches and tags that stand for the commit. */
  revisions: string[];
  folder: string;
  architecture: string;
  parameters: number;
  bytes: number;
  /** What answering with it takes. */
  memoryBytes: number;
}
