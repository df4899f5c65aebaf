import { setTimeout as delay } from 'node:timers/promises';

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/**
 * Takes the turns A B C A B C … so that whatever else the machine does falls on all alike, and gives each its results
 * in order. The first round warms up and is not counted. Between turns there is a pause, because threads of a runtime
 * spin for a while after its work.
 */
export async function alternate<T>(
  rounds: number,
  turns: (() => Promise<T>)[],
  { warmUps = 1, pauseMs = 60 } = {},
): Promise<T[][]> {
  const results = turns.map((): T[] => []);
  for (let round = -warmUps; round < rounds; round++)
    for (const [i, turn] of turns.entries()) {
      await delay(pauseMs);
      const result = await turn();
      if (round >= 0) results[i]!.push(result);
    }
  return results;
}

/** The least of the times: what the machine can do when nothing else runs. */
export function fastest(times: number[]): number {
  return Math.min(...times);
}
