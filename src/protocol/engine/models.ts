import * as z from 'zod/mini';
import type { Exchange } from '../contract.ts';

const cachedModel = z.object({
  repo: z.string(),
  commit: z.string(),
  /** Branches and tags that stand for the commit. */
  revisions: z.array(z.string()),
  folder: z.string(),
  architecture: z.string(),
  parameters: z.number(),
  bytes: z.number(),
  /** What answering with it takes. */
  memoryBytes: z.number(),
});

/** A snapshot of the cache that cannot be a base, by what is in it. */
const unusableModel = z.object({
  repo: z.string(),
  commit: z.string(),
  revisions: z.array(z.string()),
  folder: z.string(),
  bytes: z.number(),
  /** What is wrong, in words. */
  reason: z.string(),
});

/** A model in GGUF that another program keeps on this machine. */
const localModel = z.object({
  /** As its owner calls it. */
  name: z.string(),
  owner: z.enum(['Ollama', 'LM Studio', 'llama.cpp', 'Hugging Face cache']),
  /** As recipes name it. */
  base: z.string(),
  /** Of the file, or of the first of several. */
  path: z.string(),
  bytes: z.number(),
  /** Where it lies in the Hugging Face cache. */
  cached: z.optional(z.object({ repo: z.string(), commit: z.string() })),
  /** Why it cannot be a base, as far as that is known without reading the model. */
  reason: z.optional(z.string()),
});

/** At most five times a second; bytes that were there before the request count as done. */
const downloadProgress = z.object({
  /** The file that is on its way. */
  file: z.string(),
  /** Bytes of the whole download that are on disk, those of earlier tries too, and bytes there will be. */
  done: z.number(),
  total: z.number(),
  /** Over the last seconds; 0 until there is something to tell. */
  bytesPerSecond: z.number(),
  secondsLeft: z.optional(z.number()),
});

/** Where files of a hub come from, and as whom. */
const hubAccess = {
  /** A mirror; without it HF_ENDPOINT, else the Hugging Face hub. */
  endpoint: z.optional(z.string()),
  /** Sent to the endpoint alone; neither kept nor logged. */
  token: z.optional(z.string()),
  /** A proxy's address; without it HTTPS_PROXY, HTTP_PROXY and NO_PROXY count. */
  proxy: z.optional(z.string()),
};

const hubModel = {
  /** `owner/name`, or `owner/name:Q4_K_M` for a model in GGUF whose file's name ends so. */
  repo: z.string(),
  /** Branch, tag or commit; `main` without it. */
  revision: z.optional(z.string()),
};

const hubGguf = z.object({
  /** Of several that belong together the first. */
  file: z.string(),
  /** As recipes name it; without it by its path, once it is here. */
  base: z.optional(z.string()),
  /** Of all its files. */
  bytes: z.number(),
});

const datasetSplit = z.object({
  /** As recipes name it. */
  dataset: z.string(),
  config: z.optional(z.string()),
  split: z.string(),
  bytes: z.number(),
});

export const modelRequests = {
  /** Where it goes is the engine's environment's matter: HF_HUB_CACHE, HF_HOME. */
  download: {
    params: z.object({
      ...hubModel,
      /** A file in GGUF of the repository, or what its name ends with: then that is fetched, not a folder. */
      file: z.optional(z.string()),
      ...hubAccess,
    }),
    progress: downloadProgress,
    result: z.object({
      repo: z.string(),
      /** As recipes name it. */
      base: z.string(),
      commit: z.string(),
      /** The base's folder, or its file in GGUF. */
      folder: z.string(),
      bytes: z.number(),
      /** What came over the network now; the rest was there. */
      fetchedBytes: z.number(),
    }),
  },
  /** What a repository offers as a base. */
  modelFiles: {
    params: z.object({ ...hubModel, ...hubAccess }),
    result: z.object({
      /** Whether it can be downloaded as a folder. */
      isFolder: z.boolean(),
      ggufs: z.array(hubGguf),
    }),
  },
  /** As download, for a split of a dataset. */
  downloadDataset: {
    params: z.object({
      /** `owner/name:config:split@revision`, all but the first two left out at will. */
      dataset: z.string(),
      ...hubAccess,
    }),
    progress: downloadProgress,
    result: z.object({
      dataset: z.string(),
      commit: z.string(),
      /** The split's files. */
      files: z.array(z.string()),
      bytes: z.number(),
      fetchedBytes: z.number(),
    }),
  },
  /** What of a dataset can be downloaded; configuration and split of the name do not count. */
  datasetSplits: {
    params: z.object({ dataset: z.string(), ...hubAccess }),
    result: z.object({ splits: z.array(datasetSplit) }),
  },
  listModels: {
    params: z.object({}),
    result: z.object({
      cacheFolder: z.string(),
      models: z.array(cachedModel),
      unusable: z.array(unusableModel),
      local: z.array(localModel),
    }),
  },
  /** Deletes a model of the cache at one commit, with the files that no other commit of it shares. */
  removeModel: {
    params: z.object({ repo: z.string(), commit: z.string() }),
    /** Bytes that were freed. */
    result: z.object({ bytes: z.number() }),
  },
} as const satisfies Record<string, Exchange>;

/** A model of the Hugging Face cache that can be used as a base. */
export type CachedModel = z.infer<typeof cachedModel>;
export type LocalModel = z.infer<typeof localModel>;
export type UnusableModel = z.infer<typeof unusableModel>;
export type DatasetSplit = z.infer<typeof datasetSplit>;
export type HubGguf = z.infer<typeof hubGguf>;
export type HubModel = z.infer<z.ZodMiniObject<typeof hubModel>>;
export type HubAccess = z.infer<z.ZodMiniObject<typeof hubAccess>>;
export type DownloadProgress = z.infer<typeof downloadProgress>;
export type DownloadResult = z.infer<typeof modelRequests.download.result>;
export type ListModelsResult = z.infer<typeof modelRequests.listModels.result>;
export type RemoveModelRequest = z.infer<typeof modelRequests.removeModel.params>;
export type RemoveModelResult = z.infer<typeof modelRequests.removeModel.result>;
