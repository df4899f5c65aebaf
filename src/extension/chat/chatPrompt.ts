import type { ChatFollowup } from 'vscode';
import type { DescribeResult } from '../../protocol/engine/experts.ts';
import type { Target } from '../../protocol/target.ts';
import { listing } from '../../text/numbers.ts';
import { codeSpan } from '../../text/shown.ts';
import { parseWeights } from '../../text/target.ts';
import { expertFor } from '../ask/offered.ts';
import { taskPrompt } from '../ask/tasks.ts';
import { whoDoes } from '../ask/whoDoes.ts';
import type { ChatCommand } from '../contributions/chat.ts';
import type { Offer } from '../recipe/activeRecipe.ts';

/** Who is asked what by a message to @experts, or what to tell the user instead. */
export type ChatPrompt =
  | { target?: Target; question: string }
  /** `isMissing` where a base that follows instructions could do it. */
  | { instead: string; isMissing?: true }
  | { reviews: true };

/** Reads a slash command and the text after it. `language` is that of the attached code. */
export function chatPrompt(
  command: ChatCommand | undefined,
  prompt: string,
  { described }: Offer,
  language: string,
  hasContext: boolean,
): ChatPrompt {
  const question = prompt.trim();
  switch (command) {
    case 'expert':
      return expertPrompt(question, described);
    case 'math':
    case 'code':
    case 'qa': {
      const expert = expertFor(command, described);
      if (!expert?.isTrained) return { instead: `No expert for ${command} is trained in this recipe.` };
      if (!question)
        return { instead: `What do you want to ask ${codeSpan(expert.name)}? Write it after \`/${command}\`.` };
      return { target: { kind: 'expert', name: expert.name }, question };
    }
    case 'blend':
      return blendPrompt(question, described);
    case 'review':
    case 'explain': {
      if (!hasContext)
        return { instead: `Select the code to ${command}, or attach a file with **Add Context…** or \`#file\`.` };
      // Its findings are checked before they are told.
      if (command === 'review') return { reviews: true };
      const who = whoDoes(command, language, described);
      if ('reason' in who) return { instead: who.reason, isMissing: true };
      return { target: who.target, question: [taskPrompt(command, language), question].filter(Boolean).join(' ') };
    }
    default:
      if (!question) return { instead: 'Ask something: the router finds the expert for it.' };
      return ownCommand(question, described) ?? { question };
  }
}

/** `NAME question`. */
function expertPrompt(text: string, described: DescribeResult): ChatPrompt {
  const [, name = '', question = ''] = /^(\S+)\s*([\s\S]*)$/.exec(text) ?? [];
  const names = trainedNames(described);
  const list = names.length > 0 ? `Trained are ${listing(names.map(codeSpan))}.` : 'No expert is trained.';
  const usage = `${list} Write \`/expert NAME question\`.`;
  if (!names.includes(name))
    return { instead: name ? `There is no trained expert ${codeSpan(name)}. ${usage}` : usage };
  if (!question) return { instead: `What do you want to ask ${codeSpan(name)}? ${usage}` };
  return { target: { kind: 'expert', name }, question };
}

/** `/NAME question` with the name of an expert that is trained; the editor knows no command of that name. */
function ownCommand(text: string, described: DescribeResult): ChatPrompt | undefined {
  const [, name] = /^\/([\w.-]+)(?:\s|$)/.exec(text) ?? [];
  return name !== undefined && trainedNames(described).includes(name)
    ? expertPrompt(text.slice(1), described)
    : undefined;
}

function trainedNames({ experts }: DescribeResult): string[] {
  return experts.filter(e => e.isTrained).map(e => e.name);
}

function blendPrompt(text: string, { blends, experts }: Offer['described']): ChatPrompt {
  const table = /^([\w.-]+=[^\s,]+(?:\s*,\s*[\w.-]+=[^\s,]+)*)\s*([\s\S]*)$/;
  const [, head = '', question = ''] = table.exec(text) ?? /^(\S+)\s*([\s\S]*)$/.exec(text) ?? [];
  const named = blends.find(b => b.name === head);
  const weights = named ? undefined : parseWeights(head);
  const names = blends.filter(b => b.isTrained).map(b => `\`${b.name}\``);
  const list = names.length > 0 ? `The recipe has the blends ${names.join(', ')}. ` : '';
  const trained = experts.filter(e => e.isTrained).map(e => `${e.name}=0.5`);
  const usage = `${list}Write \`/blend NAME prompt\`${trained.length > 0 ? `, or weights such as \`/blend ${trained.slice(0, 2).join(',')} prompt\`` : ''}.`;
  if (!named && !weights) return { instead: head ? `There is no blend ${codeSpan(head)}. ${usage}` : usage };
  if (!question) return { instead: `What do you want to ask? ${usage}` };
  return { target: named ? { kind: 'blend', name: named.name } : { kind: 'weights', weights: weights! }, question };
}

/** More would be a list to read. */
const mostFollowups = 4;

/** The same question to the experts that did not answer it. */
export function followupsFor(
  prompt: string,
  weights: Record<string, number>,
  described: DescribeResult,
): ChatFollowup[] {
  return trainedNames(described)
    .filter(name => !weights[name])
    .slice(0, mostFollowups)
    .map(name => ({ prompt: `${name} ${prompt}`, command: 'expert', label: `Ask ${name} instead` }));
}
