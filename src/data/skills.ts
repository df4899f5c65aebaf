import type { Example } from './example.ts';
import { promptOf } from './promptOf.ts';

/** Tasks on a piece of code that the editor has commands for. */
const codeTasks = ['explain', 'document', 'writeTests', 'review'] as const;
export type CodeTask = (typeof codeTasks)[number];

/** What examples show that an expert can do. */
export interface Skills {
  tasks: CodeTask[];
  /** Programming languages that are named, as people write them; none where none is. */
  languages: string[];
}

/** The share of examples from which on something counts as learned. */
const leastShare = 0.03;

const asked: Record<CodeTask, RegExp> = {
  explain: /\b(?:explain|describe)\b[^.\n]*\b(?:code|function|method|class|script|program|snippet|query)\b/i,
  document: /\b(?:docstring|jsdoc|doc comment|documentation comment)s?\b|\bdocument this\b/i,
  writeTests: /\b(?:write|add|create|generate)\b[^.\n]*\btests?\b/i,
  review: /^\s*review\b|\breview (?:this|the)\b|\bfind (?:the |all )?(?:bugs?|mistakes?)\b/i,
};

/** Names that are words of English as well count before a word of the trade alone. */
const trade = '(?= (?:code|function|program|script|snippet|method|class|file|module))';
const named: Record<string, RegExp> = {
  JavaScript: /\bJavaScript\b|\bNode\.js\b|```(?:js|javascript)\b/i,
  TypeScript: /\bTypeScript\b|```(?:ts|typescript)\b/i,
  Python: /\bPython\b|```(?:py|python)\b/i,
  Java: /\bJava\b(?! ?script)|```java\b/i,
  'C++': /\bC\+\+|```cpp\b/i,
  'C#': /\bC#|```(?:cs|csharp)\b/i,
  C: new RegExp(`\\bC${trade}|\`\`\`c\\b(?![+#])`),
  Go: new RegExp(`\\bGolang\\b|\\bGo${trade}|\`\`\`go\\b`),
  Rust: new RegExp(`\\bRust${trade}|\`\`\`rust\\b`),
  Ruby: new RegExp(`\\bRuby${trade}|\`\`\`ruby\\b`),
  Swift: new RegExp(`\\bSwift${trade}|\`\`\`swift\\b`),
  Kotlin: /\bKotlin\b|```kotlin\b/i,
  PHP: /\bPHP\b|```php\b/i,
  SQL: /\bSQL\b|```sql\b/i,
  HTML: /\bHTML\b|```html\b/i,
  CSS: /\bCSS\b|```css\b/i,
  shell: /\b(?:Bash|shell script)\b|```(?:sh|bash|shell)\b/i,
};

/** What some of an expert's examples say of it: the tasks that they ask for, and the languages that they name. */
export function skillsOf(examples: readonly Example[]): Skills {
  const prompts = examples.map(promptOf);
  const texts = examples.map(({ messages }, i) => `${prompts[i]}\n${messages.at(-1)?.content ?? ''}`);
  const isLearned = (among: string[], pattern: RegExp) =>
    among.length > 0 && among.filter(text => pattern.test(text)).length >= leastShare * among.length;
  return {
    tasks: codeTasks.filter(task => isLearned(prompts, asked[task])),
    languages: Object.keys(named).filter(language => isLearned(texts, named[language]!)),
  };
}

/** The programming languages that a prompt names. */
export function languagesIn(prompt: string): string[] {
  return Object.keys(named).filter(language => named[language]!.test(prompt));
}
