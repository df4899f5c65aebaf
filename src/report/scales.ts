import { significant } from '../text/numbers.ts';

export interface Scale {
  /** Data value → SVG units. */
  at(value: number): number;
  ticks: { value: number; label: string }[];
}

/** `domain` and `range` are `[start, end]`; the domain grows to the first round numbers around it. */
export function linearScale(domain: readonly [number, number], range: readonly [number, number], wanted = 5): Scale {
  const step = roundStep((domain[1] - domain[0] || 1) / wanted);
  const low = Math.floor(domain[0] / step + 1e-9) * step;
  const high = Math.max(Math.ceil(domain[1] / step - 1e-9) * step, low + step);
  const ticks = Array.from({ length: Math.round((high - low) / step) + 1 }, (_, i) => low + i * step);
  return {
    at: value => range[0] + ((value - low) / (high - low)) * (range[1] - range[0]),
    ticks: ticks.map(value => ({ value, label: significant(Number(value.toPrecision(6))) })),
  };
}

/** As `linearScale`, for positive values, with ticks at 1, 2 and 5 of each decade. */
export function logScale(domain: readonly [number, number], range: readonly [number, number]): Scale {
  const decades = Array.from({ length: 41 }, (_, i) => i - 20);
  const marks = decades.flatMap(decade => [1, 2, 5].map(mantissa => Number(`${mantissa}e${decade}`)));
  const low = marks.findLast(mark => mark <= domain[0]) ?? marks[0]!;
  const high = marks.find(mark => mark >= domain[1] && mark > low) ?? marks.at(-1)!;
  const inside = marks.filter(mark => mark >= low && mark <= high);
  // Over three decades and more the 2s and 5s would crowd.
  const shown = inside.length > 9 ? inside.filter(mark => Number.isInteger(Math.log10(mark))) : inside;
  const span = Math.log(high / low);
  return {
    at: value => range[0] + (Math.log(value / low) / span) * (range[1] - range[0]),
    ticks: shown.map(value => ({ value, label: significant(value) })),
  };
}

/** 1, 2 or 5 times a power of ten, the nearest not below `step`. */
function roundStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  return power * ([1, 2, 5, 10].find(factor => factor * power >= step * (1 - 1e-9)) ?? 10);
}
