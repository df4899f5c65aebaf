import { dirname } from 'node:path';
import { Uri, window } from 'vscode';
import type { Params } from '../../protocol/contract.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import { mergeMethods } from '../../protocol/mergeMethod.ts';
import type { blendApi } from '../../protocol/views/blend.ts';
import { makeMerge, tellMerge } from '../merge/mergeCommand.ts';
import type { HostEngine } from '../services/hostEngine.ts';

type Wish = Params<typeof blendApi.toHost, 'merge'>;

/** Asks for a folder and merges a blend into it; undefined where that was cancelled. */
export async function mergeBlend(
  engine: HostEngine,
  recipe: string,
  { method: named, into, ...wish }: Wish,
): Promise<string | undefined> {
  const method = mergeMethods.find(each => each === named);
  if (!method) throw new WorkbenchError('badRequest', `There is no merge method '${named}'.`);
  const kind = into === 'adapter' ? 'adapter' : 'full model';
  const folder = await window.showSaveDialog({
    title: `Folder of the merged ${kind}`,
    saveLabel: 'Merge',
    defaultUri: Uri.joinPath(Uri.file(dirname(recipe)), `merged-${into}`),
  });
  if (!folder) return undefined;
  const params = { recipe, ...wish, method, out: folder.fsPath, intoBase: into === 'model' };
  const result = await makeMerge(engine, 'the blend', params);
  void tellMerge('The blend', result);
  return result.path;
}
