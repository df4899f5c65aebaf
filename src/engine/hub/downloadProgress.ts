import type { DownloadProgress } from '../../protocol/engine/models.ts';

/** Milliseconds over which the speed is taken, and between two reports. */
const window = 5_000;
const pause = 200;

/**
 * Adds up the files of a download and reports at most five times a second, and at the end. `now` is a clock in
 * milliseconds.
 */
export function trackDownload(
  sizes: ReadonlyMap<string, number>,
  now: () => number,
  report: (progress: DownloadProgress) => void,
): (file: string, bytes: number) => void {
  const total = [...sizes.values()].reduce((a, b) => a + b, 0);
  const arrived = new Map<string, number>();
  /** What each file had when it was first heard of came with an earlier try: it says nothing of the speed. */
  let before = 0;
  let samples: { at: number; fetched: number }[] = [];
  let lastReport = Number.NEGATIVE_INFINITY;
  return (file, bytes) => {
    const known = arrived.get(file);
    if (known === undefined) before += bytes;
    // It begins again.
    else if (bytes < known) before = Math.max(0, before - (known - bytes));
    arrived.set(file, bytes);
    const done = [...arrived.values()].reduce((a, b) => a + b, 0);
    const at = now();
    samples.push({ at, fetched: done - before });
    samples = samples.filter(s => s.at >= at - window);
    if (at - lastReport < pause && done < total) return;
    lastReport = at;
    const first = samples[0]!;
    const bytesPerSecond = at > first.at ? Math.max(0, ((done - before - first.fetched) / (at - first.at)) * 1000) : 0;
    const secondsLeft = bytesPerSecond > 0 ? (total - done) / bytesPerSecond : undefined;
    report({ file, done, total, bytesPerSecond, secondsLeft });
  };
}
