import { type Item, type ItemList, type Items, nothing } from './item.ts';
import { rememberSteps } from './stringItems.ts';

/**
 * The numbers that are allowed, in units of 10^-digits (integers: of 1). Numbers of up to 15 digits are told apart and
 * ordered by doubles as by their digits, so that what is within the bounds as text is within them when it is read.
 */
export interface NumberRange {
  isInteger: boolean;
  least?: bigint;
  most?: bigint;
  /** Of integers. */
  multipleOf?: bigint;
}

/** Digits of a number that is written. */
const mostDigits = 15;
const unit = 10n ** BigInt(mostDigits);
const zero = 0x30;
const point = 0x2e;
const isDigit = (byte: number) => byte >= 0x30 && byte <= 0x39;

/** Whether any number is within the range. */
export function isEmptyRange(range: NumberRange): boolean {
  return !canBegin(range, false) && !canBegin(range, true);
}

/** A number within a range. */
export function numberItem(items: Items, range: NumberRange): Item {
  const { least, most, multipleOf } = range;
  if (least === undefined && most === undefined && multipleOf === undefined && !range.isInteger)
    return anyNumber(items);
  return rememberSteps({
    id: items.newId(),
    step: byte => {
      if (byte === 0x2d) return canBegin(range, true) ? [afterMinus(items, range)] : undefined;
      return isDigit(byte) ? firstDigit(items, magnitudes(range, false), byte) : undefined;
    },
  });
}

function afterMinus(items: Items, range: NumberRange): Item {
  const own = magnitudes(range, true);
  return rememberSteps({ id: items.newId(), step: byte => (isDigit(byte) ? firstDigit(items, own, byte) : undefined) });
}

/** The absolute values of the numbers of one sign, both bounds included. */
interface Magnitudes {
  isInteger: boolean;
  low: bigint;
  high: bigint;
  multipleOf: bigint;
}

function magnitudes({ isInteger, least, most, multipleOf }: NumberRange, isNegative: boolean): Magnitudes {
  const scale = isInteger ? 1n : unit;
  const all = 10n ** BigInt(mostDigits) * scale - 1n;
  const from = isNegative ? (most === undefined ? 0n : -most) : (least ?? 0n);
  const to = isNegative ? (least === undefined ? all : -least) : (most ?? all);
  // No integer is written as -0.
  const lowest = isNegative && isInteger ? 1n : 0n;
  return {
    isInteger,
    low: from < lowest ? lowest : from,
    high: to > all ? all : to,
    multipleOf: multipleOf ?? 1n,
  };
}

function canBegin(range: NumberRange, isNegative: boolean): boolean {
  const own = magnitudes(range, isNegative);
  for (let digit = 0n; digit <= 9n; digit++)
    if (isWithReach(own, { value: digit, digits: 1, fraction: 0 })) return true;
  return false;
}

/** What has been written of a number: its digits as an integer, how many, and how many of them after the point. */
interface Written {
  value: bigint;
  digits: number;
  fraction: number;
  /** The point has been written. */
  hasPoint?: boolean;
}

/** Whether a multiple of `step` is within both intervals. */
function meets(own: Magnitudes, from: bigint, to: bigint, step: bigint): boolean {
  const low = from > own.low ? from : own.low;
  const high = to < own.high ? to : own.high;
  return ((low + step - 1n) / step) * step <= high;
}

/** Whether what is written is in the range, or can be continued into it. */
function isWithReach(own: Magnitudes, written: Written): boolean {
  const { value, digits, fraction } = written;
  const left = mostDigits - digits;
  if (written.hasPoint) {
    const size = 10n ** BigInt(mostDigits - fraction);
    const step = 10n ** BigInt(mostDigits - fraction - left);
    return meets(own, value * size, (value + 1n) * size - step, step);
  }
  for (let more = 0; more <= (value === 0n ? 0 : left); more++) {
    const size = 10n ** BigInt(more);
    if (own.isInteger) {
      if (meets(own, value * size, (value + 1n) * size - 1n, own.multipleOf)) return true;
    } else {
      const step = 10n ** BigInt(mostDigits - (left - more));
      if (meets(own, value * size * unit, (value + 1n) * size * unit - step, step)) return true;
    }
  }
  return false;
}

function isInRange(own: Magnitudes, { value, fraction }: Written): boolean {
  const scaled = own.isInteger ? value : value * 10n ** BigInt(mostDigits - fraction);
  return scaled >= own.low && scaled <= own.high && scaled % own.multipleOf === 0n;
}

function firstDigit(items: Items, own: Magnitudes, byte: number): ItemList | undefined {
  return after(items, own, { value: BigInt(byte - zero), digits: 1, fraction: 0 });
}

function after(items: Items, own: Magnitudes, written: Written): ItemList | undefined {
  if (!isWithReach(own, written)) return undefined;
  const { fraction, hasPoint } = written;
  const canEnd = isInRange(own, written) && !(hasPoint && fraction === 0);
  const next = (byte: number): Written | undefined =>
    byte === point ? withPoint(own, written) : isDigit(byte) ? withDigit(written, byte) : undefined;
  const goesOn = Array.from('.0123456789', c => next(c.charCodeAt(0))).some(more => more && isWithReach(own, more));
  if (!goesOn) return canEnd ? nothing : undefined;
  const item = rememberSteps({
    id: items.newId(),
    isOptional: canEnd,
    step: byte => {
      const more = next(byte);
      return more && after(items, own, more);
    },
  });
  return [item];
}

function withPoint({ isInteger }: Magnitudes, written: Written): Written | undefined {
  return isInteger || written.hasPoint || written.digits === mostDigits ? undefined : { ...written, hasPoint: true };
}

function withDigit({ value, digits, fraction, hasPoint }: Written, byte: number): Written | undefined {
  // No digit follows a zero in front.
  if (digits === mostDigits || (value === 0n && !hasPoint)) return undefined;
  return {
    value: value * 10n + BigInt(byte - zero),
    digits: digits + 1,
    fraction: hasPoint ? fraction + 1 : 0,
    hasPoint,
  };
}

/**
 * Any number. Its digits are limited so that none goes on without end, and its exponent so that none is infinite.
 */
function anyNumber(items: Items): Item {
  const state = (name: string, isOptional: boolean, step: (byte: number) => ItemList | undefined): Item =>
    items.once(`number ${name}`, id => rememberSteps({ id, isOptional, step }));
  const exponent = (left: number): Item =>
    state(`exponent ${left}`, left < 2, byte => (!isDigit(byte) || left === 0 ? undefined : [exponent(left - 1)]));
  const exponentSign = (): Item =>
    state('sign', false, byte => {
      if (byte === 0x2b || byte === 0x2d) return [exponent(2)];
      return exponent(2).step!(byte);
    });
  const isE = (byte: number) => byte === 0x65 || byte === 0x45;
  const fraction = (left: number): Item =>
    state(`fraction ${left}`, left < mostDigits, byte => {
      if (isE(byte)) return left < mostDigits ? [exponentSign()] : undefined;
      return isDigit(byte) && left > 0 ? [fraction(left - 1)] : undefined;
    });
  const whole = (left: number): Item =>
    state(`whole ${left}`, true, byte => {
      if (byte === 0x2e) return [fraction(mostDigits)];
      if (isE(byte)) return [exponentSign()];
      return isDigit(byte) && left > 0 ? [whole(left - 1)] : undefined;
    });
  const first = (byte: number) => (isDigit(byte) ? [whole(byte === zero ? 0 : mostDigits - 1)] : undefined);
  const minus = (): Item => state('minus', false, first);
  return state('any', false, byte => (byte === 0x2d ? [minus()] : first(byte)));
}

/**
 * A bound of a schema in units: the least one that is not below it, or the most one that is not above it.
 * @param isExclusive the bound itself is not allowed.
 */
export function boundInUnits(bound: number, isInteger: boolean, side: 'least' | 'most', isExclusive: boolean): bigint {
  const [floor, isExact] = floorInUnits(bound, isInteger ? 0 : mostDigits);
  if (side === 'most') return isExact && isExclusive ? floor - 1n : floor;
  return isExact && !isExclusive ? floor : floor + 1n;
}

/** By the digits that the number is written with. */
function floorInUnits(bound: number, digits: number): [floor: bigint, isExact: boolean] {
  const [mantissa, exponent = '0'] = Math.abs(bound).toString().split('e') as [string, string?];
  const [whole, fraction = ''] = mantissa.split('.') as [string, string?];
  const value = BigInt(whole + fraction);
  const shift = Number(exponent) - fraction.length + digits;
  if (shift >= 0) {
    const exact = value * 10n ** BigInt(shift);
    return [bound < 0 ? -exact : exact, true];
  }
  const divisor = 10n ** BigInt(-shift);
  const quotient = value / divisor;
  const isExact = value % divisor === 0n;
  return [bound < 0 ? -quotient - (isExact ? 0n : 1n) : quotient, isExact];
}
