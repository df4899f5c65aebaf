import type { Report } from '../protocol/report.ts';
import { scorerLabels } from '../protocol/scorer.ts';
import { listing, plural } from '../text/numbers.ts';

/**
 * In which sets another report differs from the first one, a sentence each: where it does, figures of all sets together
 * say nothing of which is better. Whether as many examples are others is known of reports that have the digests of both.
 */
export function setDifferences(first: Pick<Report, 'sets'>, other: Pick<Report, 'sets'>): string[] {
  const named = (report: Pick<Report, 'sets'>) => new Map(report.sets.map(set => [set.name, set]));
  const [here, there] = [named(first), named(other)];
  const missing = [...here.keys()].filter(name => !there.has(name));
  const added = [...there.keys()].filter(name => !here.has(name));
  const changed = [...here].flatMap(([name, set]) => {
    const twin = there.get(name);
    if (!twin) return [];
    const what = [
      ...(twin.examples === set.examples ? [] : [`${plural(twin.examples, 'example')} instead of ${set.examples}`]),
      ...(twin.examples === set.examples && areOthers(twin, set) ? ['other examples, as many'] : []),
      ...(twin.scorer === set.scorer ? [] : [`${scorerLabels[twin.scorer]} instead of ${scorerLabels[set.scorer]}`]),
    ];
    return what.length > 0 ? [`${name} has ${listing(what)}.`] : [];
  });
  return [
    ...(missing.length > 0 ? [`It has no ${listing(missing)}.`] : []),
    ...(added.length > 0 ? [`It has ${listing(added)} besides.`] : []),
    ...changed,
  ];
}

function areOthers(a: Report['sets'][number], b: Report['sets'][number]): boolean {
  return a.digest !== undefined && b.digest !== undefined && a.digest !== b.digest;
}
