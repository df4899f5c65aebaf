import type { CodeTask } from '../../data/skills.ts';

/** What is asked of a piece of code; the code follows the first line, as the experts were trained to read a task. */
export function taskPrompt(task: CodeTask, language: string): string {
  const code = codeIn(language);
  switch (task) {
    case 'explain':
      return `Explain what this ${code} does.`;
    case 'document':
      return `Write a documentation comment for this ${code}.`;
    case 'writeTests':
      return `Write tests for this ${code}.`;
    case 'review':
      return `Review this ${code}: name its bugs, each with its line.`;
  }
}

/** `JavaScript code`, or `code` where the language is not known. */
export function codeIn(language: string): string {
  return language ? `${language} code` : 'code';
}

/** A language as prompts call it. */
export function languageName(languageId: string): string {
  const names: Record<string, string> = {
    javascript: 'JavaScript',
    javascriptreact: 'JavaScript',
    typescript: 'TypeScript',
    typescriptreact: 'TypeScript',
    cpp: 'C++',
    csharp: 'C#',
    php: 'PHP',
    css: 'CSS',
    html: 'HTML',
    sql: 'SQL',
    json: 'JSON',
    jsonc: 'JSON',
    shellscript: 'shell',
    plaintext: '',
  };
  return names[languageId] ?? languageId.charAt(0).toUpperCase() + languageId.slice(1);
}

/** The code of an answer: what its first fence holds, or all of it. */
export function codeOf(answer: string): string {
  const [, fenced] = /```[^\n]*\n([\s\S]*?)(?:\n```|$)/.exec(answer) ?? [];
  return (fenced ?? answer).trimEnd();
}
