import { parseBaseName } from '../../experiment/baseFolder.ts';

/** A base as a recipe names it: `embedded`, a path, a model of the Hugging Face cache or one of Ollama's. */
export function basePath(given: string | undefined): string {
  const meant = parseBaseName(given ?? 'embedded', '');
  return meant.kind === 'path' ? meant.path : (given ?? 'embedded');
}
