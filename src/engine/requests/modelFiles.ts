import { ggufNameText } from '../../hub/ggufFiles.ts';
import { listModelFiles } from '../hub/ggufListing.ts';
import { hubAccess } from '../hub/hubAccess.ts';
import { commitOf } from '../hub/hubTree.ts';
import { withHub } from '../hub/withHub.ts';
import type { RequestHandler } from '../workbench/request.ts';
import { modelOfRequest } from './download.ts';

/** What a repository of the hub offers as a base: a folder, and models in GGUF. */
export const handle: RequestHandler<'modelFiles'> = async (_workbench, request, { signal }) => {
  const { repo, revision } = modelOfRequest(request);
  const access = hubAccess(request);
  const place = { kind: 'model', repo, endpoint: access.endpoint } as const;
  const { isFolder, ggufs } = await withHub({ ...access, signal }, { kind: 'model', repo, revision }, async hub =>
    listModelFiles(place, await commitOf(place, revision, hub), hub),
  );
  return {
    isFolder,
    ggufs: ggufs.map(({ path, tag, bytes }) => ({
      file: path,
      bytes,
      ...(tag !== undefined && { base: ggufNameText({ repo, revision, tag }) }),
    })),
  };
};
