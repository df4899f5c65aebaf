import { type LanguageModelTextPart, lm } from 'vscode';

/** What a tool answers an agent. */
export async function invokeTool(name: string, input: object): Promise<string> {
  const { content } = await lm.invokeTool(name, { input, toolInvocationToken: undefined });
  return content.map(part => (part as LanguageModelTextPart).value).join('');
}
