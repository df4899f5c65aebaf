import { type Disposable, type Event, EventEmitter, type Memento } from 'vscode';
import { createFreshText } from '../../client/freshText.ts';
import type { AskResult, ChatTurn, RouteResult } from '../../shared/engineApi.ts';
import { WorkbenchError } from '../../shared/errors.ts';
import type { HostEngine } from '../hostEngine.ts';
import type { ActiveRecipe, Offer } from '../recipe/activeRecipe.ts';
import { decodingSettings, onSettingChange, readSetting } from '../settings.ts';
import { auto, base, type Choice, choiceId, choiceParams, isOffered, parseChoice } from './choice.ts';

export interface Question {
  prompt: string;
  history?: ChatTurn[];
  /** Without one, the choice of the workspace. */
  choice?: Choice;
  /** Decoding settings over those of the user. */
  settings?: Record<string, unknown>;
}

export interface Listener {
  signal?: AbortSignal;
  onRoute?(route: RouteResult): void;
  onText?(text: string): void;
}

/** The experts of this window: who answers, and the asking itself. */
export interface Experts extends Disposable {
  offer(): Promise<Offer>;
  /** What is known without asking the engine. */
  known(): Offer | undefined;
  ask(question: Question, listener?: Listener): Promise<AskResult>;
  /** Tokens of a conversation as the model reads it, and of texts. */
  countTokens(request: {
    texts?: string[];
    conversation?: ChatTurn[];
  }): Promise<{ texts: number[]; conversation: number }>;
  /** Who answers in this workspace: the last choice where it is still offered, or the default. */
  choice(offer: Offer): Choice;
  /** The choice that is remembered, whether or not it is offered. */
  remembered(): Choice;
  choose(choice: Choice): Promise<void>;
  /** The offer or the choice has changed. */
  onDidChange: Event<void>;
}

const rememberedKey = 'choice';

export function createExperts(engine: HostEngine, recipe: ActiveRecipe, memory: Memento): Experts {
  const changed = new EventEmitter<void>();
  const disposables = [
    changed,
    recipe.onDidChange(() => changed.fire()),
    recipe.onDidKnow(() => changed.fire()),
    onSettingChange(['routing.default'], () => changed.fire()),
  ];

  /** From the strongest wish. */
  const wanted = (): Choice[] => {
    const ids = [memory.get<string>(rememberedKey), readSetting('routing.default')];
    return [...ids.map(id => id && parseChoice(id)).filter(c => !!c), auto];
  };
  const choice = ({ described }: Offer): Choice => wanted().find(c => isOffered(c, described)) ?? base;

  return {
    offer: recipe.offer,
    known: recipe.known,
    choice,
    remembered: () => wanted()[0]!,
    onDidChange: changed.event,
    async choose(chosen) {
      await memory.update(rememberedKey, choiceId(chosen));
      changed.fire();
    },
    async ask(question, { signal, onRoute, onText } = {}) {
      const offer = await recipe.offer();
      const chosen = question.choice ?? choice(offer);
      if (!isOffered(chosen, offer.described)) throw notOffered(chosen, offer);
      const fresh = createFreshText(text => onText?.(text));
      return engine.request(
        'ask',
        {
          ...offer.source,
          ...choiceParams(chosen),
          prompt: question.prompt,
          history: question.history,
          settings: { ...decodingSettings(), ...question.settings },
        },
        {
          signal,
          onNotification: n => {
            if (n.name === 'answerRoute') onRoute?.(n.params.route);
            if (n.name === 'answerText') fresh.push(n.params.text);
          },
          onRestart: fresh.restarted,
        },
      );
    },
    async countTokens(request) {
      const { source } = await recipe.offer();
      return engine.request('countTokens', { ...source, ...request });
    },
    dispose: () => disposables.forEach(d => d.dispose()),
  };
}

function notOffered(choice: Choice, { nothingTrained, described }: Offer): WorkbenchError {
  const trained = described.experts.filter(e => e.isTrained).map(e => e.name);
  return new WorkbenchError(
    'notFound',
    `'${choiceId(choice)}' cannot answer here: it is not there, or not trained.`,
    nothingTrained ?? `Trained are: ${trained.join(', ')}.`,
  );
}
