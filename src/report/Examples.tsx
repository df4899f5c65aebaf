import type { Report, ReportExample } from '../protocol/report.ts';
import { percent, plural } from '../text/numbers.ts';

/** Sample answers set by set, folded: a page that runs programs has filters in their place. */
export function Examples({ report: { examples, sets } }: { report: Report }) {
  const names = [...new Set([...sets, ...examples.map(example => ({ name: example.set }))].map(({ name }) => name))];
  const known = names
    .map(name => ({ name, samples: examples.filter(example => example.set === name) }))
    .filter(({ samples }) => samples.length > 0);
  // The first with something to be looked at.
  const open = known.findIndex(({ samples }) => samples.some(({ correct }) => !correct));
  return (
    <>
      <p class="lead">A few answers of each kind, not a sample in proportion.</p>
      {known.map(({ name, samples }, i) => (
        <details key={name} open={i === Math.max(0, open)}>
          <summary>
            <h3>{name}</h3> {samples.filter(({ correct }) => !correct).length} wrong,{' '}
            {samples.filter(({ correct }) => correct).length} right
          </summary>
          <Answers examples={samples} heading="h4" />
        </details>
      ))}
    </>
  );
}

/** Wrong and right answers side by side: there is more to be learned from the wrong ones. */
export function Answers({ examples, heading }: { examples: readonly ReportExample[]; heading: 'h3' | 'h4' }) {
  const right = examples.filter(({ correct }) => correct);
  const wrong = examples.filter(({ correct }) => !correct);
  const Heading = heading;
  return (
    <div class="columns answers">
      <div class="wrong">
        <Heading>✗ Wrong ({wrong.length})</Heading>
        <Cards examples={wrong} none="No wrong answer among these." />
      </div>
      <div class="right">
        <Heading>✓ Right ({right.length})</Heading>
        <Cards examples={right} none="No right answer among these." />
      </div>
    </div>
  );
}

function Cards({ examples, none }: { examples: readonly ReportExample[]; none: string }) {
  if (examples.length === 0) return <p class="note">{none}</p>;
  return examples.map((example, i) => <Card key={i} example={example} />);
}

function Card({ example: { set, system, prompt, expected, got, correct, route } }: { example: ReportExample }) {
  return (
    <article>
      <dl>
        <dt>prompt</dt>
        <dd>{prompt}</dd>
        {!(correct && expected.trim() === got.trim()) && (
          <>
            <dt>expected</dt>
            <dd>{expected}</dd>
          </>
        )}
        <dt>got</dt>
        <dd>{got === '' ? <em>(nothing)</em> : got}</dd>
      </dl>
      <p class="route">{`${set} · ${system}${routeText(route)}`}</p>
    </article>
  );
}

function routeText(route: Record<string, number> | undefined): string {
  if (!route) return '';
  const parts = Object.entries(route)
    .filter(([, weight]) => Math.abs(weight) >= 0.005)
    .sort(([, a], [, b]) => b - a)
    .map(([expert, weight]) => `${expert} ${percent(weight)}`);
  return ` → ${parts.length > 0 ? parts.join(' · ') : `base (${plural(0, 'expert')})`}`;
}
