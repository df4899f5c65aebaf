import { type Disposable, type Event, EventEmitter, l10n, type Memento } from 'vscode';
import type { AskAllResult, AskRequest, AskResult, ChatTurn } from '../../protocol/engine/asking.ts';
import type { CompleteRequest, CompleteResult } from '../../protocol/engine/completing.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { Target } from '../../protocol/target.ts';
import { auto, base, parseTarget, targetId } from '../../text/target.ts';
import type { ActiveRecipe, Offer } from '../recipe/activeRecipe.ts';
import type { HostEngine, HostRequestOptions } from '../services/hostEngine.ts';
import { decodingSettings, onSettingChange, readSetting } from '../services/settings.ts';
import { isOffered } from './offered.ts';

interface Question extends Pick<AskRequest, 'prompt' | 'history' | 'context' | 'settings'> {
  /** Without one, the choice of the workspace. */
  target?: Target;
}

/** What is asked of the engine, but for whom. */
type Completion = Pick<CompleteRequest, 'input' | 'target' | 'settings' | 'format'>;

/** The experts of this window: who answers, and the asking itself. */
export interface Experts extends Disposable {
  offer(): Promise<Offer>;
  /** What is known without asking the engine. */
  known(): Offer | undefined;
  /** Asks what is offered; decoding settings are over those of the user. */
  ask(offer: Offer, question: Question, options?: HostRequestOptions<'ask'>): Promise<AskResult>;
  /** Goes on with a conversation or a text, or fills a gap, at once with other requests; decoding settings are over those of the user. */
  complete(offer: Offer, request: Completion, options?: HostRequestOptions<'complete'>): Promise<CompleteResult>;
  /** Answers to several prompts, made in one batch; what each of them says is not streamed. */
  askAll(
    offer: Offer,
    prompts: string[],
    target: Target,
    settings: Record<string, unknown>,
    signal: AbortSignal,
  ): Promise<AskAllResult['answers']>;
  /** Of texts that may go on from others, how probable each is. */
  weigh(
    offer: Offer,
    target: Target,
    items: { before: string; texts: string[] }[],
    signal: AbortSignal,
  ): Promise<number[][]>;
  /** Tokens of a conversation as the model reads it, and of texts. */
  countTokens(request: {
    texts?: string[];
    conversation?: ChatTurn[];
  }): Promise<{ texts: number[]; conversation: number }>;
  /** Who answers in this workspace: the last choice where it is still offered, or the default. */
  choice(offer: Offer): Target;
  /** The choice that is remembered, whether or not it is offered. */
  remembered(): Target;
  choose(choice: Target): Promise<void>;
  /** The offer or the choice has changed. */
  onDidChange: Event<void>;
  /** A question was answered, whoever asked it. */
  onDidAnswer: Event<Pick<AskResult, 'route'>>;
}

const rememberedKey = 'choice';

export function createExperts(engine: HostEngine, recipe: ActiveRecipe, memory: Memento): Experts {
  const changed = new EventEmitter<void>();
  const answered = new EventEmitter<Pick<AskResult, 'route'>>();
  const disposables = [
    changed,
    answered,
    recipe.onDidChange(() => changed.fire()),
    recipe.onDidKnow(() => changed.fire()),
    onSettingChange(['routing.default'], () => changed.fire()),
  ];

  /** From the strongest wish. */
  const wanted = (): Target[] => {
    const ids = [memory.get<string>(rememberedKey), readSetting('routing.default')];
    return [...ids.map(id => id && parseTarget(id)).filter(c => !!c), auto];
  };
  const choice = ({ described }: Offer): Target => wanted().find(c => isOffered(c, described)) ?? base;

  return {
    offer: recipe.offer,
    known: recipe.known,
    choice,
    remembered: () => wanted()[0]!,
    onDidChange: changed.event,
    onDidAnswer: answered.event,
    async choose(chosen) {
      await memory.update(rememberedKey, targetId(chosen));
      changed.fire();
    },
    async ask(offer, { target = choice(offer), settings, ...question }, options) {
      checkOffered(target, offer);
      const request = { ...offer.source, target, ...question, settings: { ...decodingSettings(), ...settings } };
      const answer = await engine.request('ask', request, options);
      answered.fire(answer);
      return answer;
    },
    async complete(offer, { settings, ...request }, options) {
      checkOffered(request.target, offer);
      const asked = { ...offer.source, ...request, settings: { ...decodingSettings(), ...settings } };
      const result = await engine.request('complete', asked, options);
      if (request.input.kind === 'chat') answered.fire(result);
      return result;
    },
    async askAll(offer, prompts, target, settings, signal) {
      checkOffered(target, offer);
      const request = { ...offer.source, target, prompts, settings: { ...decodingSettings(), ...settings } };
      const { answers } = await engine.request('askAll', request, { signal });
      return answers;
    },
    async weigh(offer, target, items, signal) {
      checkOffered(target, offer);
      return (await engine.request('weigh', { ...offer.source, target, items }, { signal })).items;
    },
    async countTokens(request) {
      const { source } = await recipe.offer();
      return engine.request('countTokens', { ...source, ...request });
    },
    dispose: () => disposables.forEach(d => d.dispose()),
  };
}

function checkOffered(target: Target, { nothingTrained, described }: Offer): void {
  if (isOffered(target, described)) return;
  const trained = described.experts.filter(e => e.isTrained).map(e => e.name);
  throw new WorkbenchError(
    'notFound',
    l10n.t("'{0}' cannot answer here: it is not there, or not trained.", targetId(target)),
    nothingTrained ?? l10n.t('Trained are: {0}.', trained.join(', ')),
  );
}
