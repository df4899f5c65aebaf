import type { Report } from '../protocol/report.ts';
import { percent } from './numbers.ts';

/** More would be a table, which the report has. */
const mostSets = 4;

/** How many answers are right, each expert on its own held-out set, beside the base: `Right: math 95.0 % (base 0.0 %).` */
export function scoresText({ scores, sets }: Pick<Report, 'scores' | 'sets'>): string {
  const shareOf = (kind: string, set: string, system?: string) => {
    const found = scores.find(s => s.kind === kind && s.set === set && (system === undefined || s.system === system));
    return found && found.total > 0 ? percent(found.correct / found.total) : undefined;
  };
  const told = sets.flatMap(({ name, expert }) => {
    const own = expert && shareOf('expert', name, expert);
    const base = shareOf('base', name);
    if (!own) return [];
    const who = expert === name ? name : `${expert} on ${name}`;
    return [`${who} ${own}${base ? ` (base ${base})` : ''}`];
  });
  if (told.length === 0) return '';
  const more = told.length > mostSets ? `, and ${told.length - mostSets} more` : '';
  return `Right answers: ${told.slice(0, mostSets).join(', ')}${more}.`;
}
