import type { Report } from '../protocol/report.ts';
import { bytes, count, milliseconds, plural } from '../text/numbers.ts';
import { storageSaving } from './findings.ts';
import { html, type Markup } from './html.ts';
import { bar, type Section } from './parts.ts';

/** One base with its adapters against one full model per expert: disk, memory, and what switching costs. */
export function storageSection(report: Report): Section {
  const { storage, switching } = report;
  const { sharedBytes, copiesBytes } = storageSaving(report);
  const n = report.experts.length;
  const disk = barGroup('On disk', 'shared', [
    { label: `one base, ${plural(n, 'adapter')}`, parts: [storage.baseBytes, storage.adaptersBytes] },
    { label: plural(n, 'full model'), parts: [copiesBytes] },
  ]);
  const memory =
    storage.adaptersResident !== undefined && storage.fullCopiesResident !== undefined
      ? barGroup('Peak resident memory', 'whole', [
          { label: `one base, ${plural(n, 'adapter')}`, parts: [storage.adaptersResident] },
          { label: plural(n, 'full model'), parts: [storage.fullCopiesResident] },
        ])
      : undefined;
  return {
    id: 'storage',
    heading: 'Storage and memory',
    body: html`<p>The base takes ${bytes(storage.baseBytes)} and ${plural(n, 'adapter')} ${bytes(storage.adaptersBytes)} more, ${bytes(sharedBytes)} together; ${plural(n, 'full model')} would take ${bytes(copiesBytes)}.${
      switching
        ? ` Changing experts or weights takes ${milliseconds(switching.medianMs)} (median of ${count(switching.changes)} changes, at worst ${milliseconds(switching.worstMs)}).`
        : ''
    }</p>
<div class="columns two">${disk}${memory}</div>`,
  };
}

interface BarRow {
  label: string;
  /** Bytes: the whole, or the base and then its adapters. */
  parts: number[];
}

function barGroup(title: string, kind: 'shared' | 'whole', rows: readonly BarRow[]): Markup {
  const total = ({ parts }: BarRow) => parts.reduce((sum, part) => sum + part, 0);
  const longest = Math.max(...rows.map(total), 1);
  return html`<div><h3>${title}</h3>
<table class="bars"><caption class="hidden">${title}</caption><tbody>
${rows.map((row, i) => {
  // Ours in the accent colour, the full copies in grey.
  const own = i === 0 ? ['accent-soft', 'accent'] : ['muted'];
  const classes = kind === 'whole' && i === 0 ? ['accent'] : own;
  return html`<tr><th scope="row">${row.label}</th><td class="number">${bytes(total(row))}</td><td>${bar(
    row.parts.map((part, j) => ({ share: part / longest, className: classes[j] ?? 'muted' })),
  )}</td></tr>
`;
})}</tbody></table>${
    kind === 'shared'
      ? html`<ul class="key"><li><i class="key-block accent-soft"></i>base</li><li><i class="key-block accent"></i>adapters</li></ul>`
      : undefined
  }</div>`;
}
