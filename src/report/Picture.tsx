import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import type { Scale } from './scales.ts';

/** In SVG units. */
export interface Size {
  width: number;
  height: number;
}

/** Where a picture's data is drawn, in SVG units. */
export interface PlotArea {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** A drawing with a name and, for a reader who cannot see it, a description of what it says. */
export function Picture(props: { size: Size; title: string; description: string; children: ComponentChildren }) {
  const [titleId, descriptionId] = [useId(), useId()];
  const { width, height } = props.size;
  return (
    <svg
      role="img"
      class="plot"
      aria-labelledby={titleId}
      aria-describedby={descriptionId}
      viewBox={`0 0 ${width} ${height}`}
      width={width}
      height={height}
    >
      <title id={titleId}>{props.title}</title>
      <desc id={descriptionId}>{props.description}</desc>
      {props.children}
    </svg>
  );
}

/** Grid lines and tick labels; axis titles below and, at its upper end, left of the y axis. */
export function Axes(props: { area: PlotArea; x: Scale; y: Scale; xTitle: string; yTitle: string }) {
  const { area, x, y, xTitle, yTitle } = props;
  return (
    <g class="axes">
      <HorizontalLines area={area} y={y} />
      {x.ticks.map(({ value, label }) => {
        const at = coordinate(x.at(value));
        return (
          <g key={value}>
            <line x1={at} x2={at} y1={area.bottom} y2={area.bottom + 4} />
            <text x={at} y={area.bottom + 17} text-anchor="middle">
              {label}
            </text>
          </g>
        );
      })}
      <text x={(area.left + area.right) / 2} y={area.bottom + 33} text-anchor="middle">
        {xTitle}
      </text>
      <text x={area.left - 6} y={area.top - 10} text-anchor="end">
        {yTitle}
      </text>
    </g>
  );
}

/** A line over the whole width at each tick, with its label. */
export function HorizontalLines({ area, y }: { area: PlotArea; y: Scale }) {
  return y.ticks.map(({ value, label }) => {
    const at = coordinate(y.at(value));
    return (
      <g key={value}>
        <line x1={area.left} x2={area.right} y1={at} y2={at} />
        <text x={area.left - 6} y={at} dy="0.32em" text-anchor="end">
          {label}
        </text>
      </g>
    );
  });
}

/** A line through `[x, y]` points in SVG units; its kind chooses colour and width. */
export function Line({ points, kind }: { points: readonly (readonly [number, number])[]; kind: 'accent' | 'muted' }) {
  const d = points.map(([x, y], i) => `${i === 0 ? 'M' : 'L'}${coordinate(x)} ${coordinate(y)}`).join('');
  return <path class={`line ${kind}`} d={d} />;
}

/** A dot with its number above. */
export function ValueMark(props: { at: readonly [number, number]; text: string; anchor?: 'middle' | 'end' }) {
  const [x, y] = props.at;
  return (
    <>
      <circle class="dot" cx={coordinate(x)} cy={coordinate(y)} r={3} />
      <text class="value" x={coordinate(x)} y={coordinate(y - 8)} text-anchor={props.anchor ?? 'middle'}>
        {props.text}
      </text>
    </>
  );
}

export interface BarPart {
  /** Of the full width. */
  share: number;
  colour: 'accent' | 'soft' | 'grey';
}

/** A horizontal bar of one or more parts. The number stands beside it as text. */
export function Bar({ parts }: { parts: readonly BarPart[] }) {
  let end = 0;
  return (
    <svg class="bar" aria-hidden="true" viewBox="0 0 100 10" preserveAspectRatio="none">
      {parts.map(({ share, colour }, i) => {
        const start = end;
        end += share;
        return <rect key={i} class={colour} x={hundredths(start)} width={hundredths(share)} height="10" />;
      })}
    </svg>
  );
}

function hundredths(share: number): number {
  return coordinate(Math.min(1, Math.max(0, share)) * 100);
}

/** A tenth of a unit is finer than the eye, and shorter in the file. */
export function coordinate(value: number): number {
  return Math.round(value * 10) / 10;
}
