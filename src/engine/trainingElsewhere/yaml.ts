/** A value of a YAML file: JSON is YAML. Texts of several lines are written as blocks. */
type Value = string | number | boolean | null | readonly Value[] | { readonly [key: string]: Value };

/** A YAML file of these keys; those that are undefined are left out. */
export function yaml(keys: Readonly<Record<string, Value | undefined>>): string {
  return Object.entries(keys)
    .filter((entry): entry is [string, Value] => entry[1] !== undefined)
    .map(([key, value]) => `${key}: ${text(value)}\n`)
    .join('');
}

function text(value: Value): string {
  if (typeof value === 'string' && value.includes('\n')) return `|\n  ${value.trimEnd().replaceAll('\n', '\n  ')}`;
  // YAML 1.1 takes 1e-8 for a text, as it lacks the point.
  if (typeof value === 'number') return String(value).replace(/^(-?\d+)e/, '$1.0e');
  return JSON.stringify(value);
}
