import { join } from 'node:path';

/** What the example's experts answer right, to begin with. */
export const exampleQuestion = 'What is 47 + 38?';

/** The experts of the example that come trained, and the recipe by which they answer where a workspace has none. */
export function exampleExperts(extensionFolder: string) {
  const folder = join(extensionFolder, 'media', 'experts');
  return {
    recipe: join(folder, 'experts.lora.json'),
    /** Where its results lie: adapters, and the router that knows their examples. */
    folder,
    results: ['adapters', 'router'],
  };
}
