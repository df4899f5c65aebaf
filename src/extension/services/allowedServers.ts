import { type Event, EventEmitter, type Memento } from 'vscode';
import { serverNotAllowedCode, WorkbenchError } from '../../protocol/errors.ts';

/** Where prompts go instead: to the server after all, or to this machine's own engine. */
export type Decision = 'there' | 'here';

/** A server that would get prompts. */
export interface UnknownServer {
  /** `https://host:port`. */
  origin: string;
  /** The recipe whose prompts they are. */
  recipe: string | undefined;
}

/** Servers elsewhere that may get the prompts of this workspace: the one place that decides. */
export interface AllowedServers {
  /** Their origins. */
  all(): string[];
  allow(origins: readonly string[]): Promise<void>;
  /** Those in whose place this machine answers, as the user has said in this window. */
  declined(): string[];
  /** What is known without asking: `here` where the user has said so for as long as this window is open. */
  known(origin: string): Decision | undefined;
  /** As the user says, who is asked once however many requests wait. Undefined for neither. */
  decide(server: UnknownServer): Promise<Decision | undefined>;
  onDidChange: Event<void>;
}

const rememberedKey = 'allowedServers';

/** `ask` asks the user. */
export function createAllowedServers(
  memory: Memento,
  ask: (server: UnknownServer) => Promise<Decision | undefined>,
): AllowedServers {
  const changed = new EventEmitter<void>();
  const here = new Set<string>();
  const asking = new Map<string, Promise<Decision | undefined>>();
  const all = () => memory.get<string[]>(rememberedKey, []);

  async function allow(origins: readonly string[]): Promise<void> {
    here.clear();
    await memory.update(rememberedKey, [...new Set(origins)]);
    changed.fire();
  }

  const known = (origin: string): Decision | undefined =>
    all().includes(origin) ? 'there' : here.has(origin) ? 'here' : undefined;

  async function askUser(server: UnknownServer): Promise<Decision | undefined> {
    const decision = await ask(server);
    if (decision === 'there') await allow([...all(), server.origin]);
    if (decision === 'here') here.add(server.origin);
    return decision;
  }

  return {
    all,
    allow,
    declined: () => [...here],
    known,
    async decide(server) {
      const { origin } = server;
      const before = known(origin);
      if (before) return before;
      const waiting = asking.get(origin) ?? askUser(server).finally(() => asking.delete(origin));
      asking.set(origin, waiting);
      return waiting;
    },
    onDidChange: changed.event,
  };
}

/** The origin of the server that an engine has refused to send prompts to; undefined for any other error. */
export function refusedServer(error: unknown): string | undefined {
  if (!(error instanceof WorkbenchError)) return undefined;
  return error.problems.find(problem => problem.code === serverNotAllowedCode)?.where;
}
