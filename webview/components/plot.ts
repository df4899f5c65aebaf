import { type Attributes, type Child, element, freshId, svg } from './dom.ts';

export interface Plot {
  title: string;
  /** What one who does not see the picture needs from it. */
  description: string;
  width: number;
  height: number;
}

/** A drawing with a name and a description for screen readers; `body` is in units of its size. */
export function drawing({ title, description, width, height }: Plot, ...body: Child[]): SVGSVGElement {
  const [titleId, descriptionId] = [freshId('plot'), freshId('plot')];
  const attributes = { role: 'img', 'aria-labelledby': titleId, 'aria-describedby': descriptionId };
  return svg(
    'svg',
    { ...attributes, viewBox: `0 0 ${width} ${height}`, width, height, class: 'plot' },
    svg('title', { id: titleId }, title),
    svg('desc', { id: descriptionId }, description),
    ...body,
  );
}

/** Text in a drawing; `class` chooses its weight and colour. */
export function label(x: number, y: number, text: string | number, attributes: Attributes = {}): SVGTextElement {
  return svg('text', { x: tenth(x), y: tenth(y), ...attributes }, text);
}

/** A tenth of a unit is finer than the eye. */
export function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}

export interface Area {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** Lines and labels of an axis from 0 to 1 upwards, in per cent. */
export function shareAxis({ left, right, top, bottom }: Area, ticks: readonly number[] = [0, 0.25, 0.5, 0.75, 1]) {
  return ticks.map(tick => {
    const y = tenth(bottom - tick * (bottom - top));
    return svg(
      'g',
      { class: 'axis' },
      svg('line', { x1: left, x2: right, y1: y, y2: y }),
      label(left - 6, y + 4, tick * 100, { class: 'end' }),
    );
  });
}

/** A framed part of the page with a plot in it, its name and what can be done with it. */
export function plotFigure(title: string, content: Child, ...actions: Child[]): HTMLElement {
  return element(
    'figure',
    { class: 'plot-figure' },
    element('figcaption', {}, element('h3', {}, title), element('span', { class: 'row' }, ...actions)),
    content,
  );
}
