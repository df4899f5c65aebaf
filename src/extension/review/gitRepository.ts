import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Event, extensions, l10n, type Uri, window, workspace } from 'vscode';
import { WorkbenchError } from '../../protocol/errors.ts';

/** What is used of the built-in git extension (microsoft/vscode, extensions/git/src/api/git.d.ts). */
interface GitExtension {
  enabled: boolean;
  getAPI(version: 1): GitApi;
}
interface GitApi {
  git: { path: string };
  state: 'uninitialized' | 'initialized';
  onDidChangeState: Event<GitApi['state']>;
  repositories: GitExtensionRepository[];
  getRepository(uri: Uri): GitExtensionRepository | null;
}
interface GitExtensionRepository {
  rootUri: Uri;
  log(options?: { maxEntries?: number }): Promise<Commit[]>;
}
export interface Commit {
  hash: string;
  message: string;
  parents: string[];
  authorName?: string;
  authorDate?: Date;
}

/** A repository of the workspace. */
export interface GitRepository {
  root: Uri;
  /** What the working tree is compared with: the commit it stands on, or the empty tree where there is none yet. */
  head(signal: AbortSignal): Promise<string>;
  /** The newest commits, from the newest. */
  log(): Promise<Commit[]>;
  /** What changed between a commit and another, or the working tree, as a unified diff. */
  diff(from: string, to: string | undefined, signal: AbortSignal): Promise<string>;
  /** Paths of files that git does not know and does not ignore. */
  untracked(signal: AbortSignal): Promise<string[]>;
}

/** The parent of a first commit: git knows the empty tree by this name in every repository. */
export const emptyTree = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';

const mostCommits = 200;
/** A diff that is longer is not one that anybody reviews. */
const mostBytes = 64 * 2 ** 20;

/** The repository of the open file, or the only one, or the one that the user picks; undefined when none is picked. */
export async function chooseRepository(): Promise<GitRepository | undefined> {
  const api = await gitApi();
  const shown = window.activeTextEditor?.document.uri;
  const own = shown && api.getRepository(shown);
  if (own) return repository(api, own);
  const [first, ...others] = api.repositories;
  if (!first)
    throw new WorkbenchError(
      'notFound',
      l10n.t('There is no git repository in this workspace.'),
      l10n.t('Open a folder that has one, or review a file or a selection.'),
    );
  if (others.length === 0) return repository(api, first);
  const items = api.repositories.map(r => ({ label: workspace.asRelativePath(r.rootUri), repository: r }));
  const picked = await window.showQuickPick(items, { title: l10n.t('Repository whose changes are reviewed') });
  return picked && repository(api, picked.repository);
}

async function gitApi(): Promise<GitApi> {
  const extension = extensions.getExtension<GitExtension>('vscode.git');
  const git = await extension?.activate();
  if (!git?.enabled)
    throw new WorkbenchError(
      'notFound',
      l10n.t('The editor’s git extension is turned off.'),
      l10n.t('Turn on the setting “git.enabled”, or review a file or a selection.'),
    );
  const api = git.getAPI(1);
  // Until then it looks for repositories.
  if (api.state !== 'initialized')
    await new Promise<void>(resolve => {
      const listener = api.onDidChangeState(() => {
        listener.dispose();
        resolve();
      });
    });
  return api;
}

function repository(api: GitApi, own: GitExtensionRepository): GitRepository {
  const run = (args: string[], signal: AbortSignal) => runGit(api.git.path, own.rootUri.fsPath, args, signal);
  return {
    root: own.rootUri,
    // The extension's own state has no commit while it still reads the repository, as if there were none.
    head: async signal => {
      try {
        return (await run(['rev-parse', '--verify', '--quiet', 'HEAD'], signal)).trim();
      } catch (error) {
        if (signal.aborted) throw error;
        return emptyTree;
      }
    },
    log: () => own.log({ maxEntries: mostCommits }),
    // The extension's own diff takes one file at a time, loses renames so, and writes as the user's settings say.
    diff: (from, to, signal) =>
      run(
        [
          ...['-c', 'core.quotePath=false', 'diff', '--no-color', '--no-ext-diff', '--no-textconv', '--find-renames'],
          ...[
            '--unified=3',
            '--src-prefix=a/',
            '--dst-prefix=b/',
            '--ignore-submodules',
            from,
            ...(to ? [to] : []),
            '--',
          ],
        ],
        signal,
      ),
    untracked: async signal => {
      const paths = await run(['ls-files', '--others', '--exclude-standard', '-z'], signal);
      return paths.split('\0').filter(path => path !== '');
    },
  };
}

async function runGit(git: string, cwd: string, args: string[], signal: AbortSignal): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(git, args, { cwd, signal, maxBuffer: mostBytes });
    return stdout;
  } catch (error) {
    if (signal.aborted) throw error;
    const { stderr, message } = error as { stderr?: string; message: string };
    throw new WorkbenchError('badRequest', l10n.t('git says: {0}', stderr?.trim() || message));
  }
}
