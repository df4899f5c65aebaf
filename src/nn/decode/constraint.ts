/** What the next token may be. One object per answer. */
export interface TokenConstraint {
  /**
   * Bits of the tokens allowed next, token i in word i >> 5 at bit i & 31; undefined for all. A token beyond the last
   * word is not allowed. Valid until the next accept.
   */
  mask(): Int32Array | undefined;
  /** The token that was taken. */
  accept(id: number): void;
  /** The answer is whole, nothing may follow but its end. */
  readonly isComplete: boolean;
  dispose(): void;
}
