import { type Fields, type RowReport, shownFields } from './fields.ts';

/** What a form calls a field, and the column of the file that holds it. */
export type DataColumns = Partial<
  Record<'messages' | 'text' | 'prompt' | 'answer' | 'system' | 'context' | 'history' | 'choices', string>
>;

/** Columns without which there is no example; the others may be missing in a row. */
const needed = ['messages', 'text', 'prompt', 'answer'] as const;

/** The form that columns make. */
export function formOf(columns: DataColumns): 'messages' | 'text' | 'promptAnswer' {
  return columns.messages !== undefined ? 'messages' : columns.text !== undefined ? 'text' : 'promptAnswer';
}

/** A row whose columns go by the names of its form; undefined with the reason reported. What they hide is not used. */
export function renamed(row: Fields, columns: DataColumns, report: RowReport): Fields | undefined {
  const missing = needed.find(name => columns[name] !== undefined && !Object.hasOwn(row, columns[name]));
  if (missing) {
    const column = columns[missing]!.slice(0, 60);
    const message = `column '${column}', which 'columns' names as '${missing}', is missing. The row has ${shownFields(row) || 'no fields'}.`;
    report.problem('missingField', message);
    return undefined;
  }
  const used = new Set(Object.values(columns));
  const rest = Object.entries(row).filter(([name]) => !used.has(name));
  for (const [name] of rest) if (Object.hasOwn(columns, name)) report.unused(name);
  const mapped = Object.entries(columns).flatMap(([name, column]) =>
    Object.hasOwn(row, column) ? [[name, row[column]] as const] : [],
  );
  return Object.fromEntries([...rest, ...mapped]);
}
