/*
 * What is read of a dataset. Within these limits reading takes less than 1.5 GB of memory and some seconds, whatever is
 * in the file (test/data/limits.test.ts).
 */

/** In bytes: some forty million tokens, weeks of training on the machines this is made for. */
export const MAX_FILE_BYTES = 200_000_000;

/** Lines of JSONL, records of CSV. */
export const MAX_ROWS = 1_000_000;

/** Of CSV. */
export const MAX_COLUMNS = 1000;

/** No context of a supported model holds a megabyte of text: a longer line is a file of another kind, or a broken one. */
export const MAX_LINE_LENGTH = 1_000_000;

export function tooLarge(size: number): string {
  const [has, most] = [size, MAX_FILE_BYTES].map(bytes => `${Math.ceil(bytes / 1e6)} MB`);
  return `the file has ${has}, more than the ${most} that are read; split it, or take a sample of it.`;
}

export const tooLong = (length: number) =>
  `has ${length} characters, more than the ${MAX_LINE_LENGTH} that are read; no model's context holds so much. Split it.`;

/** A file with so many bad lines is of another kind: reading stops. */
export const MAX_BAD_LINES = 1000;
