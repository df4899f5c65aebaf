const codeSign =
  /`|=>|[{};]\s*$|\(\)|[\w\])]\.\w+\(|[!=]==?[^=]|[+*/|&-]=|\+\+|&&|\|\||->|::|<\/\w+>|<\w+>|#include|^\s*(def|class|import|from|func|fn|const|let|var|public|return|for|if|while|#!)\b.*[:;{(=]|\b(function|def)\s+\w+\s*\(|\w\[\w*\]|\b(for|while|if)\s*\(|\bin range\(|\b\w+\(\w*\)/m;
const identifier = /\b[a-z]+[0-9]*(?:[A-Z][a-z0-9]+)+\b|\b[a-z0-9]+(?:_[a-z0-9]+)+\b/;
const equation = /[\p{L}\p{N})]\s*[-+*/×÷^=<>≤≥−]\s*[\p{N}(]|\p{N}\s*[-+*/×÷^=−]\s*[\p{L}\p{N}(]/u;
const latex = /\$[^$]*[\\^_=][^$]*\$|\\[([]|\\(frac|sqrt|log|sum|int|le|ge|times|cdot|text|mathbb|begin)\b/;
const nextRequest =
  /(?:\b(?:and|then|also|plus)[,\s]+(?:(?:also|then|please)\s+)*|[.;?!]\s+(?:please\s+)?(?=explain|describe|discuss|justify|clarify|tell))((?:explain|describe|show|derive|discuss|tell|summari[sz]e|teach|walk|comment|justify|clarify|define|prove|say|give me|provide|create|write|implement|code|program|solve|compute|calculate|evaluate)\b[^.?!]*)/;
const money = /[$€£]\s?\d|\b\d+\s*(dollars|cents|euros)\b/;
const questionWords = new Set(['what', 'who', 'whom', 'whose', 'when', 'where', 'which', 'why', 'how']);
const commands = new Set(['write', 'implement', 'create', 'design', 'build', 'generate', 'develop', 'code', 'program']);
const calculations = new Set(['solve', 'compute', 'calculate', 'evaluate', 'simplify', 'factor', 'expand', 'find']);
const first = new Set(['i', 'my', 'me', 'you', 'your']);

/**
 * What the form of a prompt tells beyond its words.
 * An operator alone says nothing: between numbers or variables it makes an equation, but not inside code.
 *
 * @param prompt as it was written
 * @param text the normalised prompt
 * @param words its words, numbers replaced by their class
 */
export function structureOf(prompt: string, text: string, words: string[]): string[] {
  const names: string[] = [];
  const isLatex = latex.test(prompt);
  const isCode = !isLatex && (codeSign.test(prompt) || identifier.test(prompt));
  if (isLatex) names.push('[formula]');
  if (isCode) names.push('[code]');
  if (!isCode && equation.test(text)) names.push('[equation]');
  if (money.test(text)) names.push('[money]');

  // With two requests, numbers (or none) may belong to either and say little.
  if (twoRequestsOf(text)) names.push('[two requests]');
  else names.push(...amountsOf(words));
  if (words.length > 25) names.push('[long]');
  if (words.length <= 3) names.push('[very short]');

  const opening = words[0]!;
  if (questionWords.has(opening)) names.push('[question word first]');
  if (commands.has(opening)) names.push('[command to make]');
  if (calculations.has(opening)) names.push('[command to calculate]');
  if (words.length <= 25 && words.some(word => first.has(word))) names.push('[speaks of me or you]');
  return names;
}

function amountsOf(words: string[]): string[] {
  const names: string[] = [];
  const numbers = words.filter(word => word === '<number>').length;
  if (numbers === 0) names.push('[no number]');
  if (numbers === 1) names.push('[one number]');
  if (numbers >= 2) names.push('[several numbers]');
  if (numbers >= 2 && numbers * 6 >= words.length) names.push('[mostly numbers]');
  if (words.length > 25 && numbers * 25 < words.length) names.push('[long with few numbers]');
  return names;
}

/**
 * A prompt that asks for two things, at the place where the second begins: 'write code that …' and 'explain the formula'.
 * Undefined when it asks for one.
 */
export function twoRequestsOf(text: string): { first: string; second: string } | undefined {
  const match = nextRequest.exec(text);
  return match && match.index > 0 ? { first: text.slice(0, match.index), second: match[1]! } : undefined;
}
