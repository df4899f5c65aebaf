/**
 * Worked arithmetic as a small model can write it: every step needs one known fact (a sum of digits, a product of
 * digits, a division with remainder) whose operands stand a few tokens before it.
 */

/** `47+38: 7+8=15, 4+3+1=8` */
export function addSteps(a: number, b: number): string {
  const units = (a % 10) + (b % 10);
  const [s, t] = [Math.floor(a / 10), Math.floor(b / 10)];
  const carry = units > 9 ? '+1' : '';
  return `${a}+${b}: ${a % 10}+${b % 10}=${units}, ${s}+${t}${carry}=${s + t + (carry ? 1 : 0)}`;
}

/** `83-47: 13-7=6, 8-1-4=3` (a ≥ b) */
export function subtractSteps(a: number, b: number): string {
  const borrow = a % 10 < b % 10;
  const top = (a % 10) + (borrow ? 10 : 0);
  const [s, t] = [Math.floor(a / 10), Math.floor(b / 10)];
  return `${a}-${b}: ${top}-${b % 10}=${top - (b % 10)}, ${s}${borrow ? '-1' : ''}-${t}=${s - t - (borrow ? 1 : 0)}`;
}

/** `47*6: 7*6=42, 4*6=24, 24+4=28`; one fact `7*6=42` where the first factor is a digit or ten. */
export function multiplySteps(a: number, d: number): string {
  if (a <= 10) return `${a}*${d}=${a * d}`;
  const units = (a % 10) * d;
  const tens = Math.floor(a / 10) * d;
  const carry = Math.floor(units / 10);
  const last = carry > 0 ? `, ${tens}+${carry}=${tens + carry}` : '';
  return `${a}*${d}: ${a % 10}*${d}=${units}, ${Math.floor(a / 10)}*${d}=${tens}${last}`;
}

/** `282/6: 28/6=4 r4, 42/6=7`; one fact `42/6=7` where the quotient is a digit. Exact, quotient below 100. */
export function divideSteps(n: number, d: number): string {
  if (n / d < 10) return `${n}/${d}=${n / d}`;
  const chunk = Math.floor(n / 10);
  const rest = chunk % d;
  const low = rest * 10 + (n % 10);
  return `${n}/${d}: ${chunk}/${d}=${Math.floor(chunk / d)} r${rest}, ${low}/${d}=${low / d}`;
}

/** Factor pairs of n, the closest pair first. */
export function factorPairs(n: number): [number, number][] {
  const pairs: [number, number][] = [];
  for (let small = Math.floor(Math.sqrt(n)); small >= 1; small--) if (n % small === 0) pairs.push([small, n / small]);
  return pairs;
}

/**
 * The search for the roots of x² + bx + c: factor pairs of |c|, closest first, with their sum (c > 0) or difference
 * (c < 0), until it is |b|. `b=4, c=-12: 4-3=1, 6-2=4`
 */
export function rootSteps(b: number, c: number): string {
  const tried: string[] = [];
  for (const [small, large] of factorPairs(Math.abs(c))) {
    const value = c > 0 ? small + large : large - small;
    tried.push(c > 0 ? `${small}+${large}=${value}` : `${large}-${small}=${value}`);
    if (value === Math.abs(b)) break;
  }
  return `b=${b}, c=${c}: ${tried.join(', ')}`;
}
