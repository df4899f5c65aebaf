import type { Message, Role } from './example.ts';
import { ROLES } from './example.ts';
import { columnValue, type Fields, isBlank, optionalText, type RowReport, text } from './fields.ts';
import { shownType } from './rows.ts';
import { toolCallsOf, toolResult } from './toolForm.ts';

/** The chat form: a list of turns in `field`, beside which `system` may stand. */
export function chat(row: Fields, field: string, report: RowReport): Message[] | undefined {
  if (!Object.hasOwn(row, field)) {
    report.problem(
      'missingField',
      `field '${field}' is missing; the file is read as chat messages, one { ${field} } a line.`,
    );
    return undefined;
  }
  const messages = chatMessages(columnValue(row[field]), field, report);
  const system = messages && optionalText(row, 'system', report);
  if (!messages || system === undefined) return undefined;
  const own = messages.find(m => m.role === 'system');
  if (own && system !== '' && system !== own.content) {
    report.problem(
      'twoSystems',
      `field 'system' stands beside another system message in '${field}'; delete one of them.`,
    );
    return undefined;
  }
  return own || system === '' ? messages : [{ role: 'system', content: system }, ...messages];
}

/** The turns of a list that ends with an answer; undefined with the reason reported. */
function chatMessages(value: unknown, field: string, report: RowReport): Message[] | undefined {
  const messages = turns(value, field, report);
  return messages && endsWithAnswer(messages, `field '${field}'`, report) ? messages : undefined;
}

/** Whether a conversation has a question, and an answer at its end that is learned; else the reason is reported. */
export function endsWithAnswer(messages: readonly Message[], what: string, report: RowReport): boolean {
  if (messages.at(-1)?.role !== 'assistant' || !messages.some(m => m.role === 'user')) {
    report.problem('noAnswer', `${what} must hold a user message and end with the assistant's answer.`);
    return false;
  }
  if (messages.every(m => m.role !== 'assistant' || m.weight === 0)) {
    const message = `all answers of ${what.replace(/^field /, '')} have weight 0, so that nothing is learned; delete the line.`;
    report.problem('noAnswer', message);
    return false;
  }
  return true;
}

/** Messages of a list; undefined with the reason reported. */
export function turns(value: unknown, field: string, report: RowReport): Message[] | undefined {
  if (!Array.isArray(value)) {
    report.problem('wrongType', `field '${field}' must be an array of { role, content }, got ${shownType(value)}.`);
    return undefined;
  }
  const messages: Message[] = [];
  for (const [i, entry] of value.entries()) {
    const message = turn(entry, field, i, report);
    if (!message) return undefined;
    const before = messages.at(-1);
    if (message.role === 'tool' && before?.role !== 'tool' && !before?.toolCalls) {
      report.problem(
        'toolCalls',
        `field '${field}[${i}]' is what a tool gave back, and no call of one stands before it.`,
      );
      return undefined;
    }
    messages.push(message);
  }
  return messages;
}

/** The keys of a turn, and its roles by the names that they go by. */
interface TurnKeys {
  role: string;
  content: string;
  roles: Readonly<Record<string, Role>>;
}

const chatKeys: TurnKeys = {
  role: 'role',
  content: 'content',
  roles: Object.fromEntries(ROLES.map(role => [role, role])),
};

/** ShareGPT's (`human`, `gpt`), with the names of other models that were talked to. */
const shareGptKeys: TurnKeys = {
  role: 'from',
  content: 'value',
  roles: {
    human: 'user',
    user: 'user',
    gpt: 'assistant',
    assistant: 'assistant',
    model: 'assistant',
    chatgpt: 'assistant',
    bing: 'assistant',
    bard: 'assistant',
    system: 'system',
  },
};

/** The thoughts of a reasoning model, as servers and chat templates call them; the first that a turn has is read. */
const reasoningFields = ['reasoning_content', 'reasoning', 'thinking'];

/** One message of a list. */
function turn(entry: unknown, field: string, index: number, report: RowReport): Message | undefined {
  // A field's name ends the quotation.
  const what = `field '${field}[${index}]`;
  if (typeof entry !== 'object' || entry === null) {
    report.problem('wrongType', `${what}' must be an object { role, content }.`);
    return undefined;
  }
  const fields = entry as Fields;
  const isShareGpt = !Object.hasOwn(fields, 'role') && Object.hasOwn(fields, 'from');
  const keys = isShareGpt ? shareGptKeys : chatKeys;
  const said = text(fields[keys.role], `${what}.${keys.role}'`, report);
  if (said === undefined) return undefined;
  const role = Object.hasOwn(keys.roles, said) ? keys.roles[said] : undefined;
  if (!role) {
    const known = Object.keys(keys.roles).map(name => `'${name}'`);
    report.problem(
      'unknownRole',
      `${what}.${keys.role}' is '${said.slice(0, 40)}'; expected one of ${known.join(', ')}.`,
    );
    return undefined;
  }
  const value = plainContent(fields[keys.content]);
  const toolCalls = role === 'assistant' ? toolCallsOf(fields, what, report) : [];
  if (!toolCalls) return undefined;
  if (Array.isArray(value)) {
    report.problem(
      'notText',
      `${what}.${keys.content}' has a part that is no text ({ type: 'text', text }); images and sounds are not learned.`,
    );
    return undefined;
  }
  const named = `${what}.${keys.content}'`;
  const isAlone = toolCalls.length > 0 && isBlank(value);
  const content = isAlone ? '' : role === 'tool' ? toolResult(value, named, report) : text(value, named, report);
  if (content === undefined) return undefined;
  const message: Message = { role, content };
  const used = [keys.role, keys.content];
  if (role === 'tool') {
    if (typeof fields.name === 'string') message.name = fields.name;
    if (typeof fields.tool_call_id === 'string') message.toolCallId = fields.tool_call_id;
    used.push('name', 'tool_call_id');
  }
  if (role === 'assistant') {
    if (toolCalls.length > 0) message.toolCalls = toolCalls;
    const { weight } = fields;
    if (weight === 0 || weight === 1) message.weight = weight;
    else if (!isBlank(weight)) {
      report.problem('wrongType', `${what}.weight' must be 0 or 1, for an answer that is learned.`);
      return undefined;
    }
    const thoughts = reasoningFields.filter(name => !isBlank(fields[name]));
    if (thoughts.length > 0) {
      const reasoning = text(fields[thoughts[0]!], `${what}.${thoughts[0]}'`, report);
      if (reasoning === undefined) return undefined;
      message.reasoning = reasoning;
    }
    used.push('weight', 'tool_calls', ...thoughts.filter(name => fields[name] === message.reasoning));
  }
  for (const [name, other] of Object.entries(fields))
    if (!used.includes(name) && !isBlank(other)) report.unused(`${field}[].${name}`);
  return message;
}

/** The text of a content in parts (OpenAI's), where all of them are text; anything else as it is. */
function plainContent(content: unknown): unknown {
  if (!Array.isArray(content) || content.length === 0) return content;
  const texts = content.map(part => (part?.type === 'text' || part?.type === undefined ? part?.text : undefined));
  return texts.every(each => typeof each === 'string') ? texts.join('') : content;
}
