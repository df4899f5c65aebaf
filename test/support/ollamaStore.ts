import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

export const modelLayer = 'application/vnd.ollama.image.model';

/** Where Ollama keeps the layer of this hash. */
export function blobOf(store: string, hash: string): string {
  return join(store, 'blobs', `sha256-${hash}`);
}

/** A manifest as Ollama writes it, of a model whose layers have these kinds and hashes. */
export function ollamaManifest(layers: [mediaType: string, hash: string][]): string {
  const rest = { mediaType: 'application/vnd.docker.container.image.v1+json', digest: `sha256:${'c'.repeat(64)}` };
  return JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
    config: { ...rest, size: 487 },
    layers: [
      ...layers.map(([mediaType, hash]) => ({ mediaType, digest: `sha256:${hash}`, size: 1 })),
      { mediaType: 'application/vnd.ollama.image.template', digest: `sha256:${'d'.repeat(64)}`, size: 1615 },
    ],
  });
}

/** Adds a model to a store of Ollama's; `name` is `HOST/NAMESPACE/MODEL/TAG`. */
export function addOllamaModel(
  store: string,
  name: string,
  hash: string,
  manifest = ollamaManifest([[modelLayer, hash]]),
): void {
  const path = join(store, 'manifests', name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, manifest);
}

/** As addOllamaModel, in the form since 2026: the manifest is a blob, and its name a link there. */
export function linkOllamaModel(store: string, name: string, manifest: string, hash: string): void {
  const path = join(store, 'manifests-v2', name);
  for (const folder of [dirname(path), join(store, 'blobs')]) mkdirSync(folder, { recursive: true });
  writeFileSync(blobOf(store, hash), manifest);
  symlinkSync(relative(dirname(path), blobOf(store, hash)), path);
}
