import type { DType } from './dtype.ts';

/** Where the bytes of one tensor lie. */
export interface TensorPlace {
  /** File name within the base's folder, or the whole path of a file elsewhere. */
  file: string;
  dtype: DType;
  shape: number[];
  /** Offset in the file, and length, in bytes. */
  offset: number;
  length: number;
}
