/** An answer's text as it comes, told once even where a restarted engine begins the answer anew. */
export interface FreshText {
  /** The next piece that the engine sent. */
  push(text: string): void;
  /** The engine begins again: decoding is seeded, so that the answer begins with the same text. */
  restarted(): void;
}

/** Hands on what was not told before. */
export function createFreshText(onText: (text: string) => void): FreshText {
  let told = 0;
  let received = 0;
  return {
    push(text) {
      const fresh = text.slice(Math.max(0, told - received));
      received += text.length;
      told = Math.max(told, received);
      if (fresh) onText(fresh);
    },
    restarted() {
      received = 0;
    },
  };
}
