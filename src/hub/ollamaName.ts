/** A model of Ollama's: a registry, whose space there, the model, and which of its forms. */
export interface OllamaName {
  host: string;
  namespace: string;
  model: string;
  tag: string;
}

const defaultHost = 'registry.ollama.ai';
const defaultNamespace = 'library';
const defaultTag = 'latest';
/** How recipes begin the name of a model of Ollama's. */
const prefix = 'ollama:';

const part = '\\w[\\w.-]{0,79}';
const form = new RegExp(`^(?:(?:(\\w[\\w.:-]{0,349})/)?(\\w[\\w-]{0,79})/)?(${part})(?::(${part}))?$`);

/** Whether a base is meant as a model of Ollama's, whatever follows. */
export function isOllamaBase(base: string): boolean {
  return base.startsWith(prefix);
}

/**
 * The model that a recipe names as `ollama:llama3.2:1b`, `ollama:owner/model` or `ollama:hf.co/owner/model:Q4_K_M`;
 * undefined for what cannot be one. No part of it leads out of a folder. The rules are those of Ollama's
 * types/model/name.go.
 */
export function parseOllamaBase(base: string): OllamaName | undefined {
  if (!isOllamaBase(base)) return undefined;
  const [, host = defaultHost, namespace = defaultNamespace, model, tag = defaultTag] =
    form.exec(base.slice(prefix.length)) ?? [];
  return model === undefined ? undefined : { host: isDefaultHost(host) ? defaultHost : host, namespace, model, tag };
}

/** The name of a manifest's file, from the folders that lead to it; undefined for what is no model's. */
export function ollamaNameOf([host, namespace, model, tag]: readonly string[]): OllamaName | undefined {
  return parseOllamaBase(`${prefix}${host}/${namespace}/${model}:${tag}`);
}

/** The folders and the file of a model's manifest, the likelier first: the public registry has two names. */
export function manifestPaths({ host, namespace, model, tag }: OllamaName): string[][] {
  return (host === defaultHost ? publicHosts : [host]).map(name => [name, namespace, model, tag]);
}

const publicHosts = [defaultHost, 'ollama.com'];

function isDefaultHost(host: string): boolean {
  return publicHosts.includes(host.toLowerCase());
}

/** As `ollama list` shows a name. */
export function shortOllamaName({ host, namespace, model, tag }: OllamaName): string {
  const owner = host !== defaultHost ? `${host}/${namespace}/` : namespace !== defaultNamespace ? `${namespace}/` : '';
  return `${owner}${model}:${tag}`;
}

/** As recipes name it. */
export function ollamaBase(name: OllamaName): string {
  return prefix + shortOllamaName(name);
}
