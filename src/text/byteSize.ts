import { WorkbenchError } from '../protocol/errors.ts';

const units: Record<string, number> = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

/** `8GB`, `512 MiB`, `6.5 GB` or a plain number of bytes. Throws `badRequest`. */
export function parseBytes(given: string): number {
  const [, number, unit = 'B'] = /^\s*(\d+(?:\.\d+)?)\s*([a-z]+)?\s*$/i.exec(given) ?? [];
  const known = Object.keys(units).find(name => name.toLowerCase() === unit.toLowerCase());
  const value = Number(number) * (known ? units[known]! : Number.NaN);
  if (value >= 1) return Math.round(value);
  throw new WorkbenchError('badRequest', `'${given}' is no amount of memory`, 'Write it like 8GB or 6144MB.');
}
