/**
 * Questions and answers of several kinds. Which columns of a base's activations are large is the base's own doing and hardly
 * depends on the text, as long as it has words, numbers, code and the marks of a conversation.
 */
export const calibrationChats: readonly (readonly [question: string, answer: string])[] = [
  [
    'A shop sells pencils at 0.35 each. Ann buys 24 of them and pays with a 20 note. How much change does she get, and what share of the note has she spent?',
    'The pencils cost 24 × 0.35 = 8.40. Ann gets 20 − 8.40 = 11.60 back. She has spent 8.40 / 20 = 0.42 of the note, which is 42 %.',
  ],
  [
    'Write a JavaScript function that counts how often each word occurs in a text, without regard to upper and lower case.',
    "```js\nfunction countWords(text) {\n  const counts = new Map();\n  for (const word of text.toLowerCase().match(/[\\p{L}']+/gu) ?? []) {\n    counts.set(word, (counts.get(word) ?? 0) + 1);\n  }\n  return counts;\n}\n```\nThe expression takes runs of letters and apostrophes; `?? []` covers a text without words.",
  ],
  [
    'Read the passage and answer.\nThe river rises in the northern hills, passes three towns and a long lake, and reaches the sea near the old harbour, some 210 kilometres from its source. Its lower course was straightened in 1893.\nWhen was the lower course straightened, and why might that have been done?',
    'It was straightened in 1893. The passage gives no reason; usual ones are to keep fields from being flooded and to make the river passable for boats.',
  ],
  [
    'Explain to a colleague what this SQL does: SELECT city, COUNT(*) AS n FROM orders WHERE paid = TRUE GROUP BY city HAVING COUNT(*) > 10 ORDER BY n DESC;',
    'It looks at paid orders only, counts them for each city, keeps the cities with more than ten, and lists these with their counts, the largest first. Cities with ten paid orders or fewer do not appear.',
  ],
];
