import { stat } from 'node:fs/promises';
import * as z from 'zod/mini';
import { WorkbenchError } from '../protocol/errors.ts';
import { readJson } from './files.ts';

/** Files that we write ourselves, weights apart, have some kilobytes; curves some megabytes. */
const mostBytes = 64_000_000;

/**
 * A file of JSON that this program wrote, and that anybody may have changed since; undefined where there is none. Keys that
 * the schema does not know are left out. Throws `badFile` with the place of what does not fit, and with `hint`.
 */
export async function readOwnFile<S extends z.ZodMiniType>(
  path: string,
  what: string,
  schema: S,
  hint: string,
): Promise<z.infer<S> | undefined> {
  const info = await stat(path).catch(() => undefined);
  if (info && !info.isFile()) throw new WorkbenchError('badFile', `${what} is no file: ${path}`, hint);
  if (info && info.size > mostBytes)
    throw new WorkbenchError('badFile', `${what} has ${info.size} bytes; at most ${mostBytes} are read: ${path}`, hint);
  const json = await readJson(path, what).catch(error => {
    if (!(error instanceof WorkbenchError)) throw error;
    if (error.code === 'notFound') return undefined;
    throw error.code === 'badFile' ? new WorkbenchError('badFile', error.message, hint) : error;
  });
  return json === undefined ? undefined : fitting(json, schema, path, what, hint);
}

/** A value of JSON as a schema says that it is. Throws `badFile` as readOwnFile does. */
export function fitting<S extends z.ZodMiniType>(
  json: unknown,
  schema: S,
  path: string,
  what: string,
  hint: string,
): z.infer<S> {
  const { success, data, error } = z.safeParse(schema, json);
  if (success) return data;
  const where = error.issues[0]?.path.join('.');
  const place = where ? `'${where}' does not fit` : 'it does not fit';
  throw new WorkbenchError('badFile', `${what} cannot be used: ${place} (${path})`, hint);
}
