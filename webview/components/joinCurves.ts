/** Points of several lines over one ascending list of steps; null where a line has no point at a step, or no number. */
export function joinCurves(lines: readonly (readonly { step: number; loss: number }[])[]): {
  x: number[];
  y: (number | null)[][];
} {
  const x = [...new Set(lines.flatMap(line => line.map(({ step }) => step)))].sort((a, b) => a - b);
  const y = lines.map(line => {
    const known = new Map(line.map(({ step, loss }) => [step, Number.isFinite(loss) ? loss : null]));
    return x.map(step => known.get(step) ?? null);
  });
  return { x, y };
}
