import { temporaryFolder } from './temporaryFolder.ts';

const variables = ['OLLAMA_MODELS', 'LLAMA_CACHE', 'XDG_CACHE_HOME', 'LOCALAPPDATA', 'HF_HUB_CACHE', 'HF_HOME'];

/** A home of its own for this process, in which no program keeps anything: that of the user is not looked into. */
export function ownHome(): string {
  const home = temporaryFolder();
  for (const name of variables) delete process.env[name];
  process.env.HOME = home;
  process.env.USERPROFILE = home;
  // Of a service, elsewhere.
  process.env.OLLAMA_MODELS = `${home}/.ollama/models`;
  return home;
}
