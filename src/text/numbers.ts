import { WorkbenchError } from '../protocol/errors.ts';

/** `0.955` → `95.5`, for columns whose head says per cent. */
export function points(share: number): string {
  return (share * 100).toFixed(1);
}

export function percent(share: number): string {
  return `${points(share)} %`;
}

/** `93.5–96.9`, in per cent. */
export function interval({ low, high }: { low: number; high: number }): string {
  return `${points(low)}–${points(high)}`;
}

/** `12400` → `12,400`. */
export function count(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',');
}

const byteUnits = ['B', 'kB', 'MB', 'GB', 'TB'];

/** Decimal units: 1 MB is 10⁶ bytes. */
export function bytes(value: number): string {
  let unit = 0;
  let scaled = value;
  // 999.95 would print as 1000.0 of the smaller unit.
  while (scaled >= 999.95 && unit < byteUnits.length - 1) {
    scaled /= 1000;
    unit++;
  }
  return `${unit === 0 ? count(scaled) : scaled.toFixed(1)} ${byteUnits[unit]}`;
}

const bytesPerUnit: Record<string, number> = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};

/** `8GB`, `512 MiB`, `6.5 GB` or a plain number of bytes. Throws `badRequest`. */
export function parseBytes(given: string): number {
  const [, number, unit = 'B'] = /^\s*(\d+(?:\.\d+)?)\s*([a-z]+)?\s*$/i.exec(given) ?? [];
  const known = Object.keys(bytesPerUnit).find(name => name.toLowerCase() === unit.toLowerCase());
  const value = Number(number) * (known ? bytesPerUnit[known]! : Number.NaN);
  if (value >= 1) return Math.round(value);
  throw new WorkbenchError('badRequest', `'${given}' is no amount of memory`, 'Write it like 8GB or 6144MB.');
}

/** `4.95 M` parameters; B for billions, as models are named. */
export function magnitude(value: number): string {
  if (value >= 1e9) return `${(value / 1e9).toFixed(2)} B`;
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)} M`;
  if (value >= 1e4) return `${(value / 1e3).toFixed(1)} k`;
  return count(value);
}

/** `95.4` → `1 min 35 s`. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

export function milliseconds(value: number): string {
  return `${significant(value)} ms`;
}

/** Three significant digits without trailing zeros; powers of ten where a decimal would be long; a dash for no number. */
export function significant(value: number): string {
  // JSON holds null where a number was not finite.
  if (!Number.isFinite(value)) return '–';
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-3) return value.toExponential(1).replace('e+', 'e');
  return String(Number(value.toPrecision(3)));
}

/** `2026-01-31T12:30:15.000Z` → `2026-01-31 12:30 UTC`; anything else as it is. */
export function dateTime(iso: string): string {
  const parts = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(:\d\d(\.\d+)?)?Z$/.exec(iso);
  return parts ? `${parts[1]} ${parts[2]} UTC` : iso;
}

/** `a, b and c`. */
export function listing(items: readonly string[]): string {
  return items.length < 2 ? (items[0] ?? '') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
}

/** `1 adapter`, `3 adapters`. */
export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** `math 0.50, code 0.40`; negative weights keep their sign. */
export function weightList(weights: Record<string, number>): string {
  return Object.entries(weights)
    .map(([expert, weight]) => `${expert} ${weight.toFixed(2)}`)
    .join(', ');
}

/** `+3.2`, `−0.4`, `0.0`: a difference of shares in points. */
export function signedPoints(difference: number): string {
  const text = points(Math.abs(difference));
  if (text === '0.0') return text;
  return difference > 0 ? `+${text}` : `−${text}`;
}

/** `+12`, `−3`, `0`. */
export function signedCount(value: number): string {
  return value > 0 ? `+${count(value)}` : value < 0 ? `−${count(-value)}` : '0';
}
