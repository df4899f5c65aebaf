import { resolve } from 'node:path';
import type { Hono } from 'hono';
import * as z from 'zod';
import { optional } from '../completions/decodingFields.ts';
import { ApiError, asApiError } from '../http/apiError.ts';
import { readBody } from '../http/readBody.ts';
import type { Served } from '../models/served.ts';

const loading = z.object({
  lora_name: z.string().min(1),
  lora_path: z.string().min(1),
  /** Whether one of this name gives way. */
  load_inplace: optional(z.boolean()),
});
const unloading = z.object({ lora_name: z.string().min(1) });

/** vLLM's endpoints by which adapters come and go; it answers them with a sentence. */
export function addVllmRoutes(app: Hono, served: Served): void {
  app.post('/v1/load_lora_adapter', async c => {
    const { lora_name: name, lora_path: path, load_inplace: inPlace } = await readBody(c, loading);
    try {
      await served.addAdapter(name, resolve(path), { inPlace });
    } catch (error) {
      const { status, message, code } = asApiError(error);
      // An adapter that cannot be read or does not fit is the request's fault.
      throw new ApiError(status === 500 ? 400 : status, message, code);
    }
    return c.text(`Success: LoRA adapter '${name}' added successfully.`);
  });
  app.post('/v1/unload_lora_adapter', async c => {
    const { lora_name: name } = await readBody(c, unloading);
    served.removeAdapter(name);
    return c.text(`Success: LoRA adapter '${name}' removed successfully.`);
  });
}
