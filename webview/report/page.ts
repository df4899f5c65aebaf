import type { ShownReport } from '../../src/protocol/views/report.ts';
import { type Child, element, svg } from '../components/dom.ts';
import { plotFigure } from '../components/plot.ts';
import { drawingPng } from '../components/png.ts';

/** What the sections are made from. */
export interface ReportPage {
  /** The view's own report first. */
  reports: ShownReport[];
  /** The one that the sections show. */
  shown: ShownReport;
  /** Asks where to keep a picture, and keeps it. */
  savePng(name: string, png: string | Promise<string>): void;
}

/** A part of the page under its own heading. */
export interface Section {
  id: string;
  heading: string;
  content: Child;
}

export function sectionElement({ id, heading, content }: Section): HTMLElement {
  const headingId = `${id}-heading`;
  return element('section', { id, 'aria-labelledby': headingId }, element('h2', { id: headingId }, heading), content);
}

/** A drawing that can be saved, and its numbers as a table for those who would rather read them. */
export function savableDrawing(page: ReportPage, title: string, picture: SVGSVGElement, numbers?: HTMLElement) {
  return plotFigure(
    title,
    [
      element('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': title }, picture),
      numbers && element('details', {}, element('summary', {}, 'Numbers'), numbers),
    ],
    savePngButton(title, () => page.savePng(title, drawingPng(picture, { title }))),
  );
}

export function savePngButton(title: string, onclick: () => void): HTMLElement {
  const text = `Save '${title}' as PNG`;
  return element(
    'vscode-button',
    { appearance: 'icon', 'aria-label': text, title: text, onclick },
    svg(
      'svg',
      { viewBox: '0 0 16 16', width: 16, height: 16, 'aria-hidden': 'true', class: 'icon' },
      svg('path', { d: 'M8 2v8M4.5 6.5 8 10l3.5-3.5M3 13h10' }),
    ),
  );
}

/** Text that a reader looks at first. */
export function lead(...content: Child[]): HTMLElement {
  return element('p', { class: 'lead' }, ...content);
}

export function note(...content: Child[]): HTMLElement {
  return element('p', { class: 'muted note' }, ...content);
}
