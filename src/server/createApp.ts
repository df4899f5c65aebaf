import { Hono } from 'hono';
import type { Serving } from './completions/answerCall.ts';
import { ApiError, asApiError } from './http/apiError.ts';
import { limitedBody, noForeignPages, ownHostOnly, withApiKey } from './http/guards.ts';
import { addLlamaRoutes } from './llama/routes.ts';
import { addOpenaiRoutes } from './openai/routes.ts';
import { addVllmRoutes } from './vllm/routes.ts';

/** Whom the server answers. */
export interface Access {
  /** Asked of everyone, where there is one. */
  apiKey: string | undefined;
  /** This machine alone is answered. */
  isLoopback: boolean;
}

/** The server's endpoints, without a network. */
export function createApp(serving: Serving, { apiKey, isLoopback }: Access): Hono {
  const app = new Hono();
  const { metrics } = serving;
  app.use(async (c, next) => {
    await next();
    // Only paths that are known: what strangers make up would be counted for ever.
    const endpoint = known.has(c.req.path) ? c.req.path : 'other';
    metrics.add('requests_total', { endpoint, status: c.res.status, model: String(c.get('model' as never) ?? '') });
  });
  if (isLoopback) app.use(ownHostOnly);
  app.use(noForeignPages);
  if (apiKey !== undefined) app.use(withApiKey(apiKey));
  app.use(limitedBody);
  addOpenaiRoutes(app, serving);
  addVllmRoutes(app, serving.served);
  addLlamaRoutes(app, serving);
  const known = new Set(app.routes.map(route => route.path));
  app.notFound(c => {
    const { status, body } = new ApiError(404, `There is no ${c.req.method} ${c.req.path} here.`, 'unknown_url');
    return c.json(body, status);
  });
  app.onError((error, c) => {
    const { status, body } = asApiError(error);
    // Who is turned away comes again later; OpenAI's clients by themselves.
    if (status === 429 || status === 503) c.header('Retry-After', '1');
    return c.json(body, status);
  });
  return app;
}
