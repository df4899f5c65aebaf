/** A tool that was called, with what. */
export interface CalledTool {
  name: string;
  arguments: Record<string, unknown>;
}

/**
 * Calls as text, each on a line; the same for calls that are the same: keys have no order, and numbers are what they are
 * worth (`1.0` = `1`).
 */
export function callLines(calls: readonly CalledTool[]): string {
  return calls.map(call => `${call.name} ${JSON.stringify(inOrder(call.arguments))}`).join('\n');
}

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, inOrder(inner)]));
}
