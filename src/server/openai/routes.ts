import type { Hono } from 'hono';
import { answerCall, type Serving } from '../completions/answerCall.ts';
import { ApiError } from '../http/apiError.ts';
import { readBody } from '../http/readBody.ts';
import { findModel, type ServedModel } from '../models/modelNames.ts';
import { chatForm } from './chatForm.ts';
import { chatBody, chatRequest } from './chatRequest.ts';
import { textForm } from './textForm.ts';
import { textBody, textRequests } from './textRequest.ts';

/** OpenAI's endpoints. */
export function addOpenaiRoutes(app: Hono, serving: Serving): void {
  const { served } = serving;

  app.post('/v1/chat/completions', async c => {
    const body = await readBody(c, chatBody);
    const answerer = await served.answerer(body.model, body.lora);
    const { model } = answerer;
    const requests = [chatRequest(body, answerer, served.described.base.contextLength)];
    return answerCall(c, serving, { model, requests, stream: body.stream === true, form: chatForm(model, body) });
  });

  app.post('/v1/completions', async c => {
    const body = await readBody(c, textBody);
    const answerer = await served.answerer(body.model, body.lora);
    const { model } = answerer;
    const requests = textRequests(body, answerer, served.described.base.contextLength);
    return answerCall(c, serving, { model, requests, stream: body.stream === true, form: textForm(model, body) });
  });

  const created = Math.floor(Date.now() / 1000);
  const entry = ({ id, target, folder }: ServedModel) => ({
    id,
    object: 'model',
    created,
    owned_by: 'multi-lora',
    // As vLLM has it: where the weights lie, and whose adapter it is.
    root: folder ?? (target.kind === 'base' ? served.described.base.folder : id),
    parent: folder ? 'base' : null,
    max_model_len: served.described.base.contextLength,
  });
  app.get('/v1/models', async c => c.json({ object: 'list', data: (await served.models()).map(entry) }));
  app.get('/v1/models/:id{.+}', async c => {
    const name = c.req.param('id');
    const found = findModel(name, await served.models());
    if (!found) throw new ApiError(404, `The model '${name}' does not exist.`, 'model_not_found', 'model');
    return c.json(entry(found));
  });

  for (const [path, what] of Object.entries(absent))
    app.all(path, () => {
      throw new ApiError(404, `${what}: there are /v1/chat/completions and /v1/completions.`, 'unsupported_endpoint');
    });
}

/** What clients may look for, refused in words. */
const absent: Record<string, string> = {
  '/v1/embeddings': 'Embeddings are not made here',
  '/v1/responses': 'The Responses API is not spoken here',
};
