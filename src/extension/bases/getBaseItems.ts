import { parseGgufName } from '../../hub/ggufFiles.ts';
import { type KnownModel, memoryNeeded, modelsThatFit } from '../../hub/knownModels.ts';
import { parseRepoName } from '../../hub/repoName.ts';
import type { CachedModel, HubGguf, LocalModel } from '../../protocol/engine/models.ts';
import { bytes, magnitude } from '../../text/numbers.ts';
import type { Choice, ChoiceGroup } from '../hub/pickOrType.ts';

/**
 * A base that can be had, as recipes name it: here already, of another program and still to be read, to be downloaded, or
 * a repository in which it is still to be looked for; or what has to be done to find it.
 */
export type BaseSource =
  | { kind: 'ready' | 'local' | 'download' | 'repository'; name: string }
  | { kind: 'folder' }
  | { kind: 'file' };

type BaseItem = Choice<BaseSource>;
type BaseGroup = ChoiceGroup<BaseSource>;

/** What *Get a Base Model…* offers on a machine with so many bytes of memory: what is there already, and what fits. */
export function baseGroups(
  cached: readonly CachedModel[],
  local: readonly LocalModel[],
  memoryBytes: number,
): BaseGroup[] {
  const known = modelsThatFit(memoryBytes);
  const others = cached.filter(model => !known.some(k => k.repo === cachedName(model)));
  const groups: BaseGroup[] = [
    { title: 'On this machine, of other programs', items: local.filter(isUsable).map(localItem) },
    {
      title: `Small models for ${bytes(memoryBytes)} of memory`,
      items: [embedded, ...known.map(model => knownItem(model, cached))],
    },
    { title: 'In the Hugging Face cache', items: others.map(cachedItem) },
    { title: 'Without a network', items: [folder, file] },
    { title: 'On this machine, not to be used', items: local.filter(model => !isUsable(model)).map(localItem) },
  ];
  return groups.filter(group => group.items.length > 0);
}

/** The item of a name that was typed; undefined for what names no model of the hub. */
export function typedItem(text: string, groups: readonly BaseGroup[]): BaseItem | undefined {
  const name = text.trim();
  const isOffered = groups.some(g => g.items.some(({ source }) => 'name' in source && source.name === name));
  const isFile = parseGgufName(name) !== undefined;
  if (isOffered || !(isFile || parseRepoName(name))) return undefined;
  return {
    source: { kind: isFile ? 'download' : 'repository', name },
    label: `$(cloud-download) ${name}`,
    description: isFile ? 'in GGUF, from the Hugging Face hub' : 'from the Hugging Face hub',
    detail: 'Llama, SmolLM, Mistral, Qwen, Gemma, Phi, Granite and OLMo 2 models run here',
  };
}

/** The models in GGUF of a repository. */
export function ggufItems(ggufs: readonly HubGguf[]): Choice<HubGguf>[] {
  return ggufs.map(gguf => {
    const { file, base, bytes: size } = gguf;
    return { source: gguf, label: base?.replace(/^.*?:/, '') ?? file, description: `${bytes(size)} · ${file}` };
  });
}

const embedded: BaseItem = {
  source: { kind: 'ready', name: 'embedded' },
  label: '$(package) embedded',
  description: 'comes with the extension',
  detail: '5 M parameters · to try things out, not to talk to',
};

const folder: BaseItem = {
  source: { kind: 'folder' },
  label: '$(folder-opened) Open a folder…',
  description: 'a model that was copied here',
  detail: 'Its config.json, safetensors and tokenizer.json',
};

const file: BaseItem = {
  source: { kind: 'file' },
  label: '$(file) Open a GGUF file…',
  description: 'a model of llama.cpp, or of programs that use it',
  detail: 'Of several that belong together the first',
};

const isUsable = ({ reason }: LocalModel) => reason === undefined;

/** One that cannot be used is shown all the same, so that nobody looks for it; choosing it tells of it in full. */
function localItem({ name, owner, base, bytes: size, reason }: LocalModel): BaseItem {
  return {
    source: { kind: 'local', name: base },
    label: `$(${reason === undefined ? 'check' : 'warning'}) ${name}`,
    description: `${owner} · ${bytes(size)}`,
    detail: reason,
  };
}

function knownItem({ repo, parameters, downloadBytes, licence }: KnownModel, cached: readonly CachedModel[]): BaseItem {
  const isHere = cached.some(model => cachedName(model) === repo);
  return {
    source: { kind: isHere ? 'ready' : 'download', name: repo },
    label: `$(${isHere ? 'check' : 'cloud-download'}) ${repo}`,
    description: isHere ? 'downloaded' : `${bytes(downloadBytes)} to download`,
    detail: `${detail(parameters, memoryNeeded(parameters))} · ${licence}`,
  };
}

function cachedItem(model: CachedModel): BaseItem {
  const name = cachedName(model);
  return {
    source: { kind: 'ready', name },
    label: `$(check) ${name}`,
    description: 'downloaded',
    detail: detail(model.parameters, model.memoryBytes),
  };
}

function detail(parameters: number, memoryBytes: number): string {
  return `${magnitude(parameters)} parameters · answers within ${bytes(memoryBytes)} of memory`;
}

/** As recipes name a model of the cache; `main` goes without saying. */
export function cachedName({ repo, revisions, commit }: Pick<CachedModel, 'repo' | 'revisions' | 'commit'>): string {
  return revisions.includes('main') ? repo : `${repo}@${revisions[0] ?? commit}`;
}
