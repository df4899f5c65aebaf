/**
 * The first key that occurs twice in one object of a JSON text, or undefined. `JSON.parse` silently keeps the last, so
 * two readers of one file could see different tensors under one name. Iterative, so that deep nesting cannot overflow
 * the stack.
 *
 * @param text valid JSON
 */
export function findDuplicateKey(text: string): string | undefined {
  // One set of keys per open object, null for an open array.
  const open: (Set<string> | null)[] = [];
  let expectKey = false;
  for (let i = 0; i < text.length; i++) {
    switch (text[i]) {
      case '{':
        open.push(new Set());
        expectKey = true;
        break;
      case '[':
        open.push(null);
        expectKey = false;
        break;
      case '}':
      case ']':
        open.pop();
        expectKey = false;
        break;
      case ',':
        expectKey = open.at(-1) !== null;
        break;
      case '"': {
        const end = endOfString(text, i);
        if (expectKey) {
          const key: string = JSON.parse(text.slice(i, end + 1));
          const keys = open.at(-1);
          if (keys?.has(key)) return key;
          keys?.add(key);
          expectKey = false;
        }
        i = end;
      }
    }
  }
  return undefined;
}

/** The offset of the closing quote of the string whose opening quote is at `start`. */
function endOfString(text: string, start: number): number {
  let i = start + 1;
  while (text[i] !== '"') i += text[i] === '\\' ? 2 : 1;
  return i;
}
