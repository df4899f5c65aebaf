import { join } from 'node:path';

/** What the example's experts answer right, to begin with. */
export const exampleQuestion = 'What is 15% of 80?';

/** The experts of the example that come trained, and the recipe by which they answer where a workspace has none. */
export function exampleExperts(extensionFolder: string) {
  const folder = join(extensionFolder, 'media', 'experts');
  return {
    recipe: join(folder, 'experts.lora.json'),
    /** Each expert's adapter. */
    adapters: ['math', 'code', 'qa'].map(name => ({ name, folder: join(folder, name) })),
  };
}
