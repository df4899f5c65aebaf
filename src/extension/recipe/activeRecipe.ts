import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import {
  type Disposable,
  type Event,
  EventEmitter,
  type ExtensionContext,
  l10n,
  RelativePattern,
  workspace,
} from 'vscode';
import { globs } from '../../experiment/paths.ts';
import { isOllamaBase } from '../../hub/ollamaName.ts';
import type { DescribeResult } from '../../protocol/engine/experts.ts';
import { type ErrorCode, WorkbenchError } from '../../protocol/errors.ts';
import type { CommandId } from '../contributions/commands.ts';
import type { HostEngine } from '../services/hostEngine.ts';
import type { Messages } from '../services/messages.ts';
import { onSettingChange, readSetting } from '../services/settings.ts';
import { answeringRecipe } from './answeringRecipe.ts';
import { exampleExperts } from './exampleExperts.ts';
import { followFiles } from './followFiles.ts';
import { createFollowNames, type FollowNames } from './followNames.ts';

/** What can be asked in this window. */
export interface Offer {
  /** What the engine is told: a recipe, or the base alone. */
  source: { recipe?: string; base?: string };
  described: DescribeResult;
  /** Why no trained experts answer, and what to do about it; undefined when some do. */
  nothingTrained?: string;
  /** Commands that do something about it. */
  remedies?: CommandId[];
  /** These are the extension's own example experts: the workspace has no recipe. */
  isExample?: boolean;
  /** A recipe that would answer has problems. */
  isBroken?: boolean;
}

/** The recipe of the workspace that answers, which may be changed, trained and evaluated; undefined where there is none. */
export function ownRecipe({ source, isExample }: Offer): string | undefined {
  return isExample ? undefined : source.recipe;
}

export interface ActiveRecipe extends Disposable {
  offer(): Promise<Offer>;
  /** The offer where it has been asked for already: looking at it starts no engine. */
  known(): Offer | undefined;
  /** Recipes of the workspace; none where it is not trusted. */
  recipes(): Promise<string[]>;
  /** Makes a recipe the active one of this workspace. */
  choose(recipe: string): Promise<void>;
  /** A recipe has another path: it stays what it is to this workspace. */
  moved(from: string, to: string): Promise<void>;
  /** Follows the names that recipes give. */
  names: Pick<FollowNames, 'asked' | 'settled'>;
  onDidChange: Event<void>;
  /** An offer is known that was not before. */
  onDidKnow: Event<void>;
}

const rememberedKey = 'recipe';
/** Enough to choose from; a workspace with more names the one it means in its settings. */
const mostRecipes = 50;
/** What is wrong with a recipe, rather than with the engine. */
const tolerated: ErrorCode[] = ['badRecipe', 'notFound', 'badFile'];
const settingsRead = ['recipe', 'base', 'modelFolder'] as const;

/** Which recipe answers: the setting's, else the one chosen last, else the only one that has trained experts. */
export function createActiveRecipe(context: ExtensionContext, engine: HostEngine, messages: Messages): ActiveRecipe {
  const names = createFollowNames(messages);
  const changed = new EventEmitter<void>();
  const becameKnown = new EventEmitter<void>();
  let current: Promise<Offer> | undefined;
  let known: Offer | undefined;
  const forget = () => {
    current = undefined;
    known = undefined;
    changed.fire();
  };
  const disposables: Disposable[] = [
    changed,
    becameKnown,
    names,
    onSettingChange(settingsRead, forget),
    workspace.onDidGrantWorkspaceTrust(forget),
    names.onDidFollow(forget),
    workspace.onDidChangeWorkspaceFolders(forget),
    ...[globs.recipes, globs.adapters].map(glob => watch(glob, forget)),
  ];

  async function recipes(): Promise<string[]> {
    if (!workspace.isTrusted) return [];
    const found = await workspace.findFiles(globs.recipes, globs.notResults, mostRecipes);
    return found.map(uri => uri.fsPath).sort();
  }

  async function find(): Promise<Offer> {
    await names.settled();
    if (!workspace.isTrusted)
      return alone('This workspace is not trusted, so its recipes are not read. Trust it to ask its experts.');
    const named = readSetting('recipe');
    if (named) return describe(fromWorkspace(named));
    const remembered = context.workspaceState.get<string>(rememberedKey);
    const all = await recipes();
    if (remembered && all.includes(remembered)) return describe(remembered);
    if (all.length === 0) return withoutRecipe();
    const offers = await Promise.allSettled(all.map(describe));
    const failed = offers.find(offer => offer.status === 'rejected' && !isOfRecipe(offer.reason));
    if (failed) throw (failed as PromiseRejectedResult).reason;
    const answering = answeringRecipe(
      offers.map((offer, i) => ({
        path: all[i]!,
        state: offer.status === 'rejected' ? 'broken' : offer.value.nothingTrained ? 'untrained' : 'trained',
      })),
    );
    if (typeof answering === 'string') return describe(answering);
    const { why, remedies, isBroken } = answering;
    return { ...(await alone(why, remedies)), ...(isBroken && { isBroken }) };
  }

  async function describe(recipe: string): Promise<Offer> {
    const described = await engine.request('describe', { recipe });
    if (described.experts.some(e => e.isTrained)) return { source: { recipe }, described };
    const nothingTrained = l10n.t(
      'None of the experts of {0} is trained. Train them with “Train Experts…”.',
      workspace.asRelativePath(recipe),
    );
    return { source: { recipe }, described, nothingTrained, remedies: ['multiLora.train', 'multiLora.selectRecipe'] };
  }

  /** The experts that come with the extension answer, unless another base is set. */
  async function withoutRecipe(): Promise<Offer> {
    if (readSetting('base') !== 'embedded')
      return alone('There is no recipe in this workspace. Begin with “New Recipe…” or “Open Example Workspace…”.', [
        'multiLora.newRecipe',
        'multiLora.openExamples',
      ]);
    return { ...(await describe(exampleExperts(context.extensionPath).recipe)), isExample: true };
  }

  async function alone(nothingTrained: string, remedies: CommandId[] = []): Promise<Offer> {
    const base = readSetting('base');
    const source = base === 'embedded' ? {} : { base: baseSetting(base) };
    return { source, described: await engine.request('describe', source), nothingTrained, remedies };
  }

  const active: ActiveRecipe = {
    onDidChange: changed.event,
    recipes,
    known: () => known,
    onDidKnow: becameKnown.event,
    offer() {
      if (current) return current;
      const finding = find().catch(async error => {
        // A recipe with problems: the base answers meanwhile, and says why it is alone.
        if (!isOfRecipe(error)) throw error;
        // They are marked where they are written, maybe just now, by an editor that saves by itself.
        if (error.code !== 'badRecipe') messages.error(error);
        return { ...(await alone(error.message, ['multiLora.selectRecipe'])), isBroken: true };
      });
      current = finding;
      finding.then(
        offer => {
          if (current !== finding) return;
          known = offer;
          becameKnown.fire();
        },
        // Whoever asked is told; the next to ask tries again.
        () => {
          if (current === finding) current = undefined;
        },
      );
      return finding;
    },
    async choose(recipe) {
      await context.workspaceState.update(rememberedKey, recipe);
      forget();
    },
    async moved(from, to) {
      if (context.workspaceState.get<string>(rememberedKey) === from)
        await context.workspaceState.update(rememberedKey, to);
      forget();
    },
    names,
    dispose: () => disposables.forEach(d => d.dispose()),
  };
  disposables.push(followFiles(active, messages));
  return active;
}

function isOfRecipe(error: unknown): error is WorkbenchError {
  return error instanceof WorkbenchError && tolerated.includes(error.code);
}

/** Calls back when a matching file of the workspace comes, goes or changes. */
function watch(glob: string, listener: () => void): Disposable {
  const [folder] = workspace.workspaceFolders ?? [];
  const watcher = workspace.createFileSystemWatcher(folder ? new RelativePattern(folder, glob) : glob);
  watcher.onDidCreate(listener);
  watcher.onDidChange(listener);
  watcher.onDidDelete(listener);
  return watcher;
}

/** The base that a setting names: a folder of the workspace where there is one, else what the engine makes of it. */
export function baseSetting(base: string): string {
  if (isOllamaBase(base)) return base;
  const [folder] = workspace.workspaceFolders ?? [];
  const within = folder && !isAbsolute(base) ? join(folder.uri.fsPath, base) : base;
  return existsSync(within) ? within : base;
}

/** A path as settings write it. */
function fromWorkspace(path: string): string {
  if (isAbsolute(path)) return path;
  const [folder] = workspace.workspaceFolders ?? [];
  if (!folder)
    throw new WorkbenchError(
      'notFound',
      l10n.t("'{0}' is relative, and no folder is open", path),
      l10n.t('Write an absolute path.'),
    );
  return join(folder.uri.fsPath, path);
}
