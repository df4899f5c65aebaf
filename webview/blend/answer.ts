import type { Explanation, LabAnswer } from '../../src/protocol/views/blend.ts';
import { plural, significant } from '../../src/text/numbers.ts';
import { type Child, element, replaceContent } from '../components/dom.ts';
import { problemNote } from '../components/problem.ts';
import { tokenView } from './tokens.ts';

/** Milliseconds that a weight or the prompt rests before it is asked about: less than is felt, more than between two moves. */
const rest = 120;

interface AnswerOptions {
  title: string;
  styleOf(expert: string): string;
  /** Asks with the weights of now; undefined where there is nothing to ask. */
  ask(onText: (text: string) => void, signal: AbortSignal): Promise<LabAnswer> | undefined;
  /** Explains the answer; undefined where that is not wanted. */
  explain(answer: string, signal: AbortSignal): Promise<Explanation> | undefined;
}

export interface AnswerBox {
  element: HTMLElement;
  /** Asks anew, once weights and prompt have come to rest; what is under way is cancelled. */
  renew(): void;
  /** Ends what is under way. */
  stop(): void;
}

/** An answer as it streams. The one before stays, faded, until there is something new. */
export function answerBox({ title, styleOf, ask, explain }: AnswerOptions): AnswerBox {
  const text = element('div', {
    class: 'answer',
    role: 'region',
    'aria-live': 'polite',
    'aria-label': `Answer of ${title}`,
    tabindex: 0,
  });
  const figures = element('p', { class: 'muted figures' });
  const explained = element('div', {});
  let abort = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;

  function stop(): void {
    clearTimeout(timer);
    abort.abort();
    text.setAttribute('aria-busy', 'false');
    text.classList.remove('stale');
  }

  async function run(signal: AbortSignal): Promise<void> {
    let streamed = '';
    const asked = ask(piece => {
      if (signal.aborted) return;
      streamed += piece;
      showText(streamed);
    }, signal);
    if (!asked) {
      showText(note('Write a prompt: its answer streams here, and again with every move of a weight.'));
      return;
    }
    const answer = await asked;
    showText(answer.text || note('The answer is empty.'));
    replaceContent(figures, figuresOf(answer));
    const explanation = answer.text ? await explain(answer.text, signal) : undefined;
    if (!explanation || signal.aborted) return;
    replaceContent(explained, tokenView(title, explanation, styleOf));
    text.hidden = true;
  }

  /** In the place of what was shown of the answer before. */
  function showText(content: Child): void {
    text.classList.remove('stale');
    text.hidden = false;
    replaceContent(text, content);
    replaceContent(explained);
    replaceContent(figures);
  }

  async function attempt(signal: AbortSignal): Promise<void> {
    try {
      await run(signal);
    } catch (error) {
      // What was cancelled has been followed by something else.
      if (signal.aborted) return;
      showText(problemNote(error));
    }
    if (!signal.aborted) stop();
  }

  return {
    element: element('div', { class: 'answering' }, text, explained, figures),
    stop,
    renew() {
      stop();
      abort = new AbortController();
      const { signal } = abort;
      text.setAttribute('aria-busy', 'true');
      text.classList.add('stale');
      timer = setTimeout(() => void attempt(signal), rest);
    },
  };
}

function note(text: string): HTMLElement {
  return element('span', { class: 'muted' }, text);
}

const finishes = {
  stop: '',
  length: ', cut off at the longest answer allowed',
  context: ', cut at the end of the context',
  cancelled: ', stopped',
  repeats: ', stopped because it repeated itself',
};

function figuresOf({ answerTokens, decodeMs, prefillMs, finish }: LabAnswer): string {
  const speed = decodeMs > 0 ? ` · ${significant((answerTokens / decodeMs) * 1000)} tokens/s` : '';
  return `${plural(answerTokens, 'token')} · first after ${significant(prefillMs)} ms${speed}${finishes[finish]}`;
}
