/** Who waits for work that takes long: may cancel it, and hears how far it is. */
export interface WorkWatch {
  signal?: AbortSignal;
  progress?: (done: number, total: number) => void;
}
