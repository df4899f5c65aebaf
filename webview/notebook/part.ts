/** A part of a drawing that keeps something from one update to the next. */
export interface Part<O> {
  update(output: O): void;
  dispose(): void;
}
