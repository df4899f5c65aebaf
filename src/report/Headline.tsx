import type { ComponentChildren } from 'preact';
import type { ShownReport } from '../protocol/views/report.ts';
import { count, dateTime, interval, magnitude, percent, plural, points } from '../text/numbers.ts';

/** The three figures that answer: is it good, was anything forgotten, what does it cost. */
export function Headline({ shown }: { shown: ShownReport }) {
  const { headline, forgetting, storage, report } = shown;
  const { answersLost, nothingForgotten, proof } = forgetting;
  return (
    <dl class="headline">
      {headline && (
        <FigureInWords name={headline.label} value={points(headline.accuracy.accuracy)} unit="%">
          {`95 % interval ${interval(headline.accuracy)}${headline.base ? `; the base alone: ${percent(headline.base.accuracy)}` : ''}; ${headline.asked}`}
        </FigureInWords>
      )}
      <FigureInWords
        name="forgotten by the experts"
        value={count(answersLost)}
        unit={answersLost === 1 ? 'answer' : 'answers'}
        kind={nothingForgotten ? 'proved' : 'warning'}
      >
        {`${nothingForgotten ? '✓' : '⚠'} ${proof} (${count(report.forgetting.probeTokens)} probe tokens)`}
      </FigureInWords>
      <FigureInWords name="storage against full models" value={storage.figure} unit={storage.unit}>
        {storage.sentence}
      </FigureInWords>
    </dl>
  );
}

function FigureInWords(props: {
  name: string;
  value: string;
  unit: string;
  kind?: 'proved' | 'warning';
  children: ComponentChildren;
}) {
  return (
    <div class={props.kind}>
      <dt>{props.name}</dt>
      <dd>
        <strong>
          {props.value}
          <span class="unit"> {props.unit}</span>
        </strong>
        <span>{props.children}</span>
      </dd>
    </div>
  );
}

/** Base, experts, recipe and time in one line under the title. */
export function Subtitle({ shown }: { shown: ShownReport }) {
  const { base, recipe, experts, created } = shown.report;
  const known = `${base.name} (${magnitude(base.parameters)} parameters) · ${plural(experts.length, 'expert')} · recipe ${recipe.path} · `;
  return (
    <p class="subtitle">
      {known}
      <time dateTime={created}>{dateTime(created)}</time>
    </p>
  );
}
