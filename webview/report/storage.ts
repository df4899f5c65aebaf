import type { ShownReport } from '../../src/protocol/views/report.ts';
import { bytes, count, listing, milliseconds, plural } from '../../src/text/numbers.ts';
import { element, svg } from '../components/dom.ts';
import { drawing, label, tenth } from '../components/plot.ts';
import { lead, type ReportPage, type Section, savableDrawing } from './page.ts';

/** One base with its adapters against one full model per expert: disk, memory, and what switching costs. */
export function storageSection(page: ReportPage): Section {
  const { report, storage } = page.shown;
  const { switching } = report;
  const changes = switching
    ? ` Changing experts or weights takes ${milliseconds(switching.medianMs)} (median of ${count(switching.changes)} changes, at worst ${milliseconds(switching.worstMs)}).`
    : '';
  const groups = barGroups(page.shown);
  return {
    id: 'storage',
    heading: 'Storage and memory',
    content: [
      lead(`${storage.sentence}: ${storage.figure} ${storage.unit}.${changes}`),
      element(
        'div',
        { class: 'columns' },
        groups.map(({ title, bars }) => savableDrawing(page, title, barPlot(title, bars))),
      ),
    ],
  };
}

interface Bar {
  name: string;
  /** In bytes, drawn one after the other; `class` is the colour. */
  parts: { name: string; bytes: number; class: string }[];
}

function barGroups({ report }: ShownReport): { title: string; bars: Bar[] }[] {
  const { baseBytes, adaptersBytes, fullCopiesBytes, adaptersResident, fullCopiesResident } = report.storage;
  const n = report.experts.length;
  const [ours, copies] = [`one base, ${plural(n, 'adapter')}`, plural(n, 'full model')];
  const disk = {
    title: 'On disk',
    bars: [
      {
        name: ours,
        parts: [
          { name: 'base', bytes: baseBytes, class: 'soft' },
          { name: 'adapters', bytes: adaptersBytes, class: 'accent' },
        ],
      },
      { name: copies, parts: [{ name: '', bytes: fullCopiesBytes, class: 'grey' }] },
    ],
  };
  if (adaptersResident === undefined || fullCopiesResident === undefined) return [disk];
  const memory = {
    title: 'Peak resident memory',
    bars: [
      { name: ours, parts: [{ name: '', bytes: adaptersResident, class: 'accent' }] },
      { name: copies, parts: [{ name: '', bytes: fullCopiesResident, class: 'grey' }] },
    ],
  };
  return [disk, memory];
}

const width = 460;
const area = { left: 132, right: 386 };
const rowHeight = 30;

function barPlot(title: string, bars: readonly Bar[]): SVGSVGElement {
  const total = ({ parts }: Bar) => parts.reduce((sum, part) => sum + part.bytes, 0);
  const longest = Math.max(1, ...bars.map(total));
  const scale = (area.right - area.left) / longest;
  const named = bars.flatMap(({ parts }) => parts).filter(part => part.name);
  return drawing(
    {
      title,
      description: `${listing(bars.map(bar => `${bar.name}: ${bytes(total(bar))}`))}.`,
      width,
      height: bars.length * rowHeight + (named.length > 0 ? 24 : 4),
    },
    bars.map((bar, row) => {
      const top = row * rowHeight + 6;
      let x = area.left;
      const rects = bar.parts.map(part => {
        const rect = svg('rect', {
          class: part.class,
          x: tenth(x),
          y: top,
          width: tenth(part.bytes * scale),
          height: 16,
        });
        x += part.bytes * scale;
        return rect;
      });
      return [label(0, top + 12, bar.name), rects, label(x + 8, top + 12, bytes(total(bar)), { class: 'strong' })];
    }),
    named.map((part, i) => [
      svg('rect', { class: part.class, x: area.left + i * 110, y: bars.length * rowHeight + 8, width: 10, height: 10 }),
      label(area.left + i * 110 + 15, bars.length * rowHeight + 17, `${part.name} ${bytes(part.bytes)}`, {
        class: 'muted',
      }),
    ]),
  );
}
