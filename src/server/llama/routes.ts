import type { Hono } from 'hono';
import * as z from 'zod';
import { answerCall, type Serving } from '../completions/answerCall.ts';
import { loraScales, optional } from '../completions/decodingFields.ts';
import { readBody } from '../http/readBody.ts';
import { infillBody, infillForm, infillRequest } from './infill.ts';

const tokenizing = z.object({
  content: z.string(),
  add_special: optional(z.boolean()),
  with_pieces: optional(z.boolean()),
});

/** llama-server's endpoints beside OpenAI's. */
export function addLlamaRoutes(app: Hono, serving: Serving): void {
  const { engine, served, metrics } = serving;

  app.post('/infill', async c => {
    const body = await readBody(c, infillBody);
    const answerer = await served.answerer(body.model, body.lora);
    const { model } = answerer;
    const requests = [infillRequest(body, answerer, served.described.base.contextLength)];
    return answerCall(c, serving, { model, requests, stream: body.stream === true, form: infillForm(model, body) });
  });

  app.get('/lora-adapters', async c => c.json(await served.loras()));
  app.post('/lora-adapters', async c => {
    await served.setScales(await readBody(c, loraScales));
    return c.json({ success: true });
  });

  app.post('/tokenize', async c => {
    const { content, add_special, with_pieces } = await readBody(c, tokenizing);
    const request = { ...served.source, text: content, addSpecialTokens: add_special };
    const { tokens } = await engine.request('tokenize', request, { signal: c.req.raw.signal });
    return c.json({
      tokens: with_pieces ? tokens.map(({ id, text }) => ({ id, piece: text })) : tokens.map(t => t.id),
    });
  });

  app.get('/health', c => c.json({ status: 'ok' }));
  app.get('/metrics', c => c.body(metrics.text(), 200, { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' }));
}
