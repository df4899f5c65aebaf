import { type QuickPickItem, window } from 'vscode';
import { type Commit, emptyTree, type GitRepository } from './gitRepository.ts';

/** Commits next to each other; what they changed is reviewed together. */
export interface CommitRange {
  /** The state before the first. */
  from: string;
  to: string;
  label: string;
}

/** Lets the user say which is the first commit of a range and which the last. */
export async function pickCommits({ log }: GitRepository): Promise<CommitRange | undefined> {
  const commits = await log();
  const first = await pickCommit(commits, 'First commit to review', 'The older end of the range');
  if (!first) return undefined;
  const later = commits.slice(0, commits.indexOf(first) + 1);
  const last =
    later.length > 1
      ? await pickCommit(later, 'Last commit to review', 'The newer end; the same for one commit')
      : first;
  if (!last) return undefined;
  const label = first === last ? `commit ${short(first)}` : `commits ${short(first)} to ${short(last)}`;
  return { from: first.parents[0] ?? emptyTree, to: last.hash, label };
}

async function pickCommit(commits: Commit[], title: string, placeHolder: string): Promise<Commit | undefined> {
  const items = commits.map((commit): QuickPickItem & { commit: Commit } => ({
    commit,
    label: `$(git-commit) ${commit.message.split('\n')[0]}`,
    description: short(commit),
    detail: [commit.authorName, commit.authorDate?.toLocaleString()].filter(part => part).join(', '),
  }));
  return (await window.showQuickPick(items, { title, placeHolder, matchOnDescription: true }))?.commit;
}

function short({ hash }: Commit): string {
  return hash.slice(0, 8);
}
