/** What a hub may send and how long it may take. Real ones stay far below; a lying or broken one ends at these. */
export const hubLimits = {
  /** Bytes, unpacked, of an answer that describes: the hub's own are some hundred kilobytes. */
  descriptionBytes: 4e6,
  /** Milliseconds for one such answer, and for all of a download together. */
  descriptionTime: 30_000,
  descriptionsTime: 120_000,
  /** Parts of one list of files, and entries in all of them, of whatever kind. */
  pages: 100,
  entries: 10_000,
  redirects: 5,
  /** Bytes of the headers of one answer. */
  headerBytes: 16_384,
  /** Milliseconds without a byte after which a connection counts as lost. */
  silence: 30_000,
  /** A connection that brings less than so many bytes in so many milliseconds counts as lost too. */
  slowBytes: 60_000,
  slowTime: 60_000,
  /** Bytes that a connection has to bring for the tries after a lost one to be counted anew. */
  worthwhile: 1e6,
};

export type HubLimits = typeof hubLimits;

/** Bytes of the files of a model, as the hub lists them. */
export const fileLimits = {
  config: 4e6,
  index: 32e6,
  /** A tokenizer, a template: the largest tokenizers have some 35 MB. */
  companion: 100e6,
  /** Number of weight files. */
  shards: 1000,
  /** Of all files together: no weights of a model that a machine could hold. */
  total: 4e12,
};
