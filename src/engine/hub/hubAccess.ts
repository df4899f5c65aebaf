import { hubCacheFolder } from '../../experiment/hubCache.ts';
import { checkEndpoint, defaultEndpoint } from '../../hub/endpoint.ts';
import type { HubAccess } from '../../protocol/engine/models.ts';

/** Where a request's files come from, as whom, and where they go: what it leaves out is the environment's matter. */
export function hubAccess({ endpoint, token, proxy }: HubAccess) {
  return {
    endpoint: checkEndpoint(endpoint || process.env.HF_ENDPOINT || defaultEndpoint),
    token: token?.trim() || undefined,
    proxy: proxy || undefined,
    cacheFolder: hubCacheFolder(),
  };
}
