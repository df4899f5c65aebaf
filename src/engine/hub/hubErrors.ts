import { WorkbenchError } from '../../protocol/errors.ts';

/** What a request to a hub was about. */
export interface HubRequest {
  /** The hub's address, without a slash at its end. */
  endpoint: string;
  repo: string;
  revision: string;
  token?: string;
  /** What the repository holds. Default: a model. */
  kind?: 'model' | 'dataset';
}

/** What a hub's refusal means and what to do about it. `errorCode` is the hub's own, from its X-Error-Code header. */
export function statusError(status: number, errorCode: string | null, about: HubRequest): WorkbenchError {
  const { endpoint, repo, revision, token, kind = 'model' } = about;
  const host = new URL(endpoint).host;
  if (errorCode === 'GatedRepo')
    return new WorkbenchError(
      'denied',
      `'${repo}' is gated: its licence must be accepted first`,
      `Accept it at ${endpoint}/${kind === 'dataset' ? 'datasets/' : ''}${repo}, then ${token ? 'use a token of that account' : 'give a token of that account (HF_TOKEN on the command line)'}.`,
    );
  if (errorCode === 'RevisionNotFound')
    return new WorkbenchError(
      'notFound',
      `'${repo}' has no revision '${revision}'`,
      'Leave it out for the newest one.',
    );
  if (errorCode === 'EntryNotFound')
    return new WorkbenchError('notFound', `'${repo}' lacks a file that ${host} has listed`, 'Try again later.');
  if (status === 401 && token && errorCode !== 'RepoNotFound')
    return new WorkbenchError(
      'denied',
      `${host} does not accept the token`,
      `Make one that may read at ${endpoint}/settings/tokens.`,
    );
  if (status === 403)
    return new WorkbenchError(
      'denied',
      `${host} does not let ${token ? 'this token' : 'anyone without a token'} read '${repo}'`,
      `Give a token with read access to it, from ${endpoint}/settings/tokens (HF_TOKEN on the command line).`,
    );
  // The hub does not tell those without a token whether a private model exists.
  if (status === 401 || status === 404)
    return new WorkbenchError(
      'notFound',
      `${host} has no ${kind} '${repo}'${token ? ' that this token may read' : ''}`,
      token
        ? 'Check its name.'
        : `Check its name; a private or gated ${kind} needs a token (HF_TOKEN on the command line).`,
    );
  if (status === 429)
    return new WorkbenchError(
      'network',
      `${host} has had too many requests from here`,
      'Wait a few minutes, then run it again: it goes on where it ended. A token has a higher limit.',
    );
  return new WorkbenchError(
    'network',
    `${host} answered with status ${status}`,
    'Try again later: it goes on where it ended.',
  );
}

const finalErrors = new WeakSet<WorkbenchError>();

/** Marks an error of an answer that would be the same again: it is not tried once more. */
export function finalError(error: WorkbenchError): WorkbenchError {
  finalErrors.add(error);
  return error;
}

export function isFinal(error: WorkbenchError): boolean {
  return finalErrors.has(error);
}

/** An answer that no hub would give. */
export function noHub(host: string, what: string): WorkbenchError {
  return finalError(
    new WorkbenchError('network', `${host} ${what}`, 'Is it a hub? Check the endpoint, or try another.'),
  );
}

/** A redirect that is not followed. */
export function refusedRedirect(host: string, where: string): WorkbenchError {
  return noHub(host, `redirects ${where}; that is not followed`);
}

/** Why no answer came, in words; what is no failure of the network passes through. */
export function connectionError(error: unknown, url: string): unknown {
  // What refused a connection that was about to be made says so itself.
  const { cause } = error as { cause?: unknown };
  if (cause instanceof WorkbenchError) return cause;
  const host = new URL(url).host;
  const reason = reasonOf(error);
  if (!reason) return error;
  if (reason === 'UND_ERR_HEADERS_OVERFLOW') return noHub(host, 'sends headers that are too long');
  if (/CERT|SELF_SIGNED|UNABLE_TO_/.test(reason))
    return new WorkbenchError(
      'network',
      `the certificate of ${host} cannot be checked (${reason})`,
      'Where a proxy inspects traffic, name its certificate in NODE_EXTRA_CA_CERTS.',
    );
  return new WorkbenchError(
    'network',
    `${host} could not be reached, or the connection was lost (${reason})`,
    'What has arrived is kept: run it again to go on. Behind a proxy set HTTPS_PROXY, for a mirror HF_ENDPOINT (in the editor: multiLora.hub.proxy, multiLora.hub.endpoint); without a network, give the folder of a model as base.',
  );
}

/** The innermost code of a failed request, such as ENOTFOUND; undefined where it was none. */
function reasonOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || error instanceof WorkbenchError) return undefined;
  const { code, cause, errors } = error as Error & { code?: string; errors?: unknown[] };
  const inner = reasonOf(cause) ?? reasonOf(errors?.[0]);
  if (inner) return inner;
  if (
    code &&
    /^(UND_ERR|E(NOTFOUND|AI_AGAIN|CONN|NETUNREACH|HOSTUNREACH|TIMEDOUT|PIPE|PROTO))|CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO_/.test(
      code,
    )
  )
    return code;
  // fetch says 'fetch failed' before the answer and 'terminated' within it.
  return error instanceof TypeError && /fetch failed|terminated/.test(error.message) ? error.message : undefined;
}
