import { calibrationOf, confusionMatrix } from '../../evaluation/metrics.ts';
import type { ReportRouter } from '../../protocol/report.ts';
import type { RouteResult } from '../../protocol/route.ts';
import { domainSets, type LoadedSet } from './answerSet.ts';

const abstained = 'abstained';

/** How well the router finds each held-out prompt's expert, and how well its weights say how sure it may be. */
export async function routerReport(
  kind: ReportRouter['kind'],
  routeOf: (prompt: string) => Promise<Pick<RouteResult, 'weights'>>,
  sets: LoadedSet[],
): Promise<ReportRouter> {
  const started = performance.now();
  const routed: { expected: string; route: Pick<RouteResult, 'weights'> }[] = [];
  for (const { expert, items } of domainSets(sets))
    for (const item of items) routed.push({ expected: expert, route: await routeOf(item.prompt) });
  const msPerPrompt = (performance.now() - started) / Math.max(1, routed.length);
  const pairs = routed.map(({ expected, route }) => {
    const [predicted, confidence] = Object.entries(route.weights).sort((a, b) => b[1] - a[1])[0] ?? [abstained, 1];
    return { expected, predicted, confidence };
  });
  const { labels, counts } = confusionMatrix(pairs);
  const outcomes = pairs.map(p => ({ confidence: Math.min(1, p.confidence), correct: p.predicted === p.expected }));
  const { error, bins } = calibrationOf(outcomes);
  return {
    kind,
    labels,
    confusion: counts,
    accuracy: outcomes.filter(o => o.correct).length / Math.max(1, outcomes.length),
    calibrationError: error,
    bins: bins.filter(b => b.count > 0),
    msPerPrompt,
  };
}
