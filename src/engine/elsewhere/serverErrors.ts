import { contextLengthCode, WorkbenchError } from '../../protocol/errors.ts';
import { keyVariable } from '../../text/engineKey.ts';
import { shortened } from '../../text/shown.ts';

/** A server as messages name it. */
export interface ServerName {
  /** As the recipe calls it. */
  name: string;
  url: string;
}

/** Errors after which another engine may answer, and whether the same request may be sent once more. */
const away = new WeakMap<WorkbenchError, { passes: boolean }>();

/** Whether an engine did not answer: it is not there, overloaded, or broken. */
export function isAway(error: unknown): error is WorkbenchError {
  return error instanceof WorkbenchError && away.has(error);
}

/** Whether it may be otherwise a moment later. */
export function isPassing(error: unknown): error is WorkbenchError {
  return error instanceof WorkbenchError && away.get(error)?.passes === true;
}

function awayError(code: 'network' | 'busy', message: string, hint: string, passes = true): WorkbenchError {
  const error = new WorkbenchError(code, message, hint);
  away.set(error, { passes });
  return error;
}

function called({ name, url }: ServerName): string {
  return `the engine '${name}' (${new URL(url).origin})`;
}

/** The longest text of a server that a message repeats. */
const longestTold = 300;

/** What a server says of what went wrong, in any of the forms that they have: a sentence or nothing. */
export function saidBy(body: string): string {
  try {
    const json = JSON.parse(body) as Record<string, unknown>;
    const { error, message, detail, error_message: other } = json;
    const inner = typeof error === 'object' && error !== null ? (error as { message?: unknown }).message : error;
    const said = [inner, message, other, detail].find(each => typeof each === 'string' && each !== '');
    return said === undefined ? '' : shortened(String(said), longestTold);
  } catch {
    // A page for browsers says nothing that helps here.
    return /^\s*</.test(body) ? '' : shortened(body.trim(), longestTold);
  }
}

/** What a status other than a good one means, and what to do about it. */
export function statusError(server: ServerName, status: number, body: string, hasKey: boolean): WorkbenchError {
  const said = saidBy(body);
  const words = said && `: ${said}`;
  const who = called(server);
  if (status === 401 || status === 403)
    return new WorkbenchError(
      'denied',
      `${who} ${hasKey ? 'does not accept the key' : 'wants a key'}${words}`,
      `Set ${keyVariable(server.url)} to its key; in the editor, run “Multi-LoRA: Set Engine Key…”.`,
    );
  if (status === 429 || status === 503)
    return awayError('busy', `${who} has too much to do (status ${status})${words}`, 'Try again later.');
  if (status >= 500)
    return awayError('network', `${who} failed with status ${status}${words}`, 'Its own log says more.', false);
  if (status >= 300 && status < 400)
    return new WorkbenchError(
      'network',
      `${who} sends on to another address (status ${status}), which is not followed`,
      'Write the address that answers into the recipe.',
    );
  if (status === 404)
    return new WorkbenchError(
      'notFound',
      `${who} does not have what it was asked for${words}`,
      `Check 'url' and 'model' of the engine in the recipe.`,
    );
  if (status === 400 && /context|maximum.*length|too long|exceed/i.test(said)) {
    const message = `${who} refuses the prompt${words}`;
    return new WorkbenchError('badRequest', message, 'Shorten the prompt, or give the server a longer context.', [
      { code: contextLengthCode, severity: 'error', where: 'prompt', message },
    ]);
  }
  return new WorkbenchError('badRequest', `${who} refuses the request (status ${status})${words}`);
}

/** Why no answer came, in words. */
export function unreachable(server: ServerName, error: unknown): WorkbenchError {
  const reason = reasonOf(error);
  if (/CERT|SELF_SIGNED|UNABLE_TO_/.test(reason))
    return new WorkbenchError(
      'network',
      `the certificate of ${called(server)} cannot be checked (${reason})`,
      'Name its certificate in NODE_EXTRA_CA_CERTS.',
    );
  const what = /REFUSED|NOTFOUND|AI_AGAIN|UNREACH|CONNECT_TIMEOUT/.test(reason)
    ? 'is not there'
    : 'could not be reached, or the connection was lost';
  return awayError(
    'network',
    `${called(server)} ${what} (${reason})`,
    `Start it, check its address in the recipe, or let this machine answer: "answering": "local", or "fallback": true in the engine.`,
  );
}

/** Nothing came for a while. */
export function silent(server: ServerName, seconds: number): WorkbenchError {
  return awayError(
    'network',
    `${called(server)} has not responded for ${seconds} s`,
    `A slow one needs a larger 'timeout' in the recipe.`,
    false,
  );
}

/** The answer ended before its end. */
export function brokenOff(server: ServerName, why: string): WorkbenchError {
  return awayError(
    'network',
    `${called(server)} ended its answer before it was complete (${why})`,
    'What came of it is shown. Ask again; the log of the server may say more.',
  );
}

/** What is no answer of such a server. */
export function noSuchServer(server: ServerName, what: string): WorkbenchError {
  return new WorkbenchError(
    'network',
    `${called(server)} ${what}`,
    `Is it the address of the API? Of an 'openai' engine it mostly ends in /v1.`,
  );
}

/** The innermost code of a failed request, such as ECONNREFUSED. */
function reasonOf(error: unknown): string {
  const { code, cause, errors, message } = error as Error & { code?: string; errors?: unknown[] };
  const inner = cause ?? errors?.[0];
  return inner === undefined ? (code ?? message ?? String(error)) : reasonOf(inner);
}
