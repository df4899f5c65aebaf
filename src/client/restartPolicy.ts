/** When an engine process that ended may be started again. */
export interface RestartPolicy {
  /** Notes that a process ended unasked. */
  ended(): void;
  /** Milliseconds to wait before the next start; undefined when it ended too often to go on. */
  delay(): number | undefined;
}

const window = 60_000;
/** Ends within the window after which a new start is refused. */
export const mostEnds = 5;

/** Waits 0.25 s after the first end within a minute, then 1 s, then 4 s; gives up after the fifth. */
export function createRestartPolicy(now: () => number): RestartPolicy {
  let ends: number[] = [];
  return {
    ended: () => void ends.push(now()),
    delay() {
      ends = ends.filter(at => now() - at < window);
      if (ends.length >= mostEnds) return undefined;
      return ends.length === 0 ? 0 : Math.min(4000, 250 * 4 ** (ends.length - 1));
    },
  };
}
