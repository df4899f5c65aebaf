/** How many of so many examples a share is: at least one, and not all. */
export function setAside(examples: number, share: number): number {
  return Math.max(1, Math.min(examples - 1, Math.round(examples * share)));
}
