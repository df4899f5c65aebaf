/** `45 s`, `3 min 05 s`, `2 h 10 min`. */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  const two = (n: number) => String(n).padStart(2, '0');
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${two(s % 60)} s`;
  return `${Math.floor(s / 3600)} h ${two(Math.floor((s % 3600) / 60))} min`;
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toLocaleString('en', { maximumFractionDigits: bytes < 10e6 ? 1 : 0 })} MB`;
}

/** How far a request is, where it is known out of how many. */
export function progressLine({ message, done, total }: { message: string; done: number; total: number }): string {
  return total > 0 ? `${message}  ${done}/${total}` : message;
}

/** Weights from the largest, as shares with two digits. */
export function weightsText(weights: Record<string, number>): string {
  const entries = Object.entries(weights).sort((a, b) => b[1] - a[1]);
  return entries.map(([name, weight]) => `${name} ${weight.toFixed(2)}`).join(' · ') || 'the base alone';
}
