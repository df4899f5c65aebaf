interface ExpertRates {
  name: string;
  rates: readonly { step: number; rate: number }[];
}

/** Learning rates as lines of a chart; experts with the same schedule share one. */
export function rateLines(
  experts: Iterable<ExpertRates>,
): { name: string; points: { step: number; loss: number }[] }[] {
  const lines = new Map<string, { name: string; points: { step: number; loss: number }[] }>();
  for (const { name, rates } of experts) {
    const key = JSON.stringify(rates);
    const known = lines.get(key);
    const points = rates.map(({ step, rate }) => ({ step, loss: rate }));
    lines.set(key, { name: known ? `${known.name}, ${name}` : name, points });
  }
  return [...lines.values()];
}
