import { type Disposable, type Event, EventEmitter, type Memento } from 'vscode';
import type { AskAllResult, AskResult, ChatTurn } from '../../protocol/engine/engineApi.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { ActiveRecipe, Offer } from '../recipe/activeRecipe.ts';
import type { HostEngine } from '../services/hostEngine.ts';
import { decodingSettings, onSettingChange, readSetting } from '../services/settings.ts';
import { auto, base, type Choice, choiceId, choiceParams, isOffered, parseChoice } from './choice.ts';
import { type Listener, sendQuestion } from './sendQuestion.ts';

interface Question {
  prompt: string;
  history?: ChatTurn[];
  /** Without one, the choice of the workspace. */
  choice?: Choice;
  /** Decoding settings over those of the user. */
  settings?: Record<string, unknown>;
}

/** The experts of this window: who answers, and the asking itself. */
export interface Experts extends Disposable {
  offer(): Promise<Offer>;
  /** What is known without asking the engine. */
  known(): Offer | undefined;
  ask(question: Question, listener?: Listener): Promise<AskResult>;
  /** Answers to several prompts, made in one batch; what each of them says is not streamed. */
  askAll(
    prompts: string[],
    choice: Choice,
    settings: Record<string, unknown>,
    signal: AbortSignal,
  ): Promise<AskAllResult['answers']>;
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
  /** A question was answered, whoever asked it. */
  onDidAnswer: Event<AskResult>;
}

const rememberedKey = 'choice';

export function createExperts(engine: HostEngine, recipe: ActiveRecipe, memory: Memento): Experts {
  const changed = new EventEmitter<void>();
  const answered = new EventEmitter<AskResult>();
  const disposables = [
    changed,
    answered,
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
    onDidAnswer: answered.event,
    async choose(chosen) {
      await memory.update(rememberedKey, choiceId(chosen));
      changed.fire();
    },
    async ask(question, listener = {}) {
      const offer = await recipe.offer();
      const chosen = question.choice ?? choice(offer);
      if (!isOffered(chosen, offer.described)) throw notOffered(chosen, offer);
      const answer = await sendQuestion(
        engine,
        {
          ...offer.source,
          ...choiceParams(chosen),
          prompt: question.prompt,
          history: question.history,
          settings: { ...decodingSettings(), ...question.settings },
        },
        listener,
      );
      answered.fire(answer);
      return answer;
    },
    async askAll(prompts, chosen, settings, signal) {
      const offer = await recipe.offer();
      if (!isOffered(chosen, offer.described)) throw notOffered(chosen, offer);
      const { answers } = await engine.request(
        'askAll',
        { ...offer.source, ...choiceParams(chosen), prompts, settings: { ...decodingSettings(), ...settings } },
        { signal },
      );
      return answers;
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
