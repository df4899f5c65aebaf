/** Passes text on until one of the stop strings is complete; what may be the beginning of one is held back. */
export interface StopFilter {
  /** The text that may be shown now, and whether a stop string ended it. Nothing may be pushed after that. */
  push(text: string): { text: string; stopped: boolean };
  /** What was held back. */
  flush(): string;
}

/**
 * The text ends before the stop string that is complete first; of two that are complete at the same character, before
 * the longer one. The result does not depend on how the text was cut into pieces.
 */
export function createStopFilter(stop: readonly string[]): StopFilter {
  const stops = stop.filter(each => each !== '');
  let held = '';

  return {
    push(text) {
      held += text;
      const match = firstComplete(held, stops);
      if (match !== undefined) {
        const before = held.slice(0, match);
        held = '';
        return { text: before, stopped: true };
      }
      const keep = longestBeginning(held, stops);
      const out = held.slice(0, held.length - keep);
      held = held.slice(held.length - keep);
      return { text: out, stopped: false };
    },
    flush() {
      const rest = held;
      held = '';
      return rest;
    },
  };
}

/** Start of the stop string that ends first in `text`. */
function firstComplete(text: string, stops: readonly string[]): number | undefined {
  let best: { start: number; end: number } | undefined;
  for (const stop of stops) {
    const start = text.indexOf(stop);
    if (start < 0) continue;
    const end = start + stop.length;
    if (!best || end < best.end || (end === best.end && start < best.start)) best = { start, end };
  }
  return best?.start;
}

/** Length of the longest end of `text` that is the beginning of a stop string. */
function longestBeginning(text: string, stops: readonly string[]): number {
  let longest = 0;
  for (const stop of stops) {
    for (let length = Math.min(stop.length - 1, text.length); length > longest; length--) {
      if (text.endsWith(stop.slice(0, length))) longest = length;
    }
  }
  return longest;
}
