import assert from 'node:assert/strict';
import { test } from 'node:test';
import { heatClass, heatRules, heatStepCount } from '../../src/report/heat.ts';

// WCAG 2.2, relative luminance and contrast ratio.
function luminance(hex: string): number {
  const full = hex.length === 4 ? hex.replace(/[^#]/g, digit => digit + digit) : hex;
  const [r, g, b] = [1, 3, 5].map(at => {
    const s = Number.parseInt(full.slice(at, at + 2), 16) / 255;
    return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

for (const theme of ['light', 'dark'] as const) {
  test(`${theme}: every step reads at 4.5:1, and lightness alone orders the steps`, () => {
    const steps = [...heatRules(theme).matchAll(/background: (#\w+); color: (#\w+)/g)];
    assert.equal(steps.length, heatStepCount);
    const levels = steps.map(([, background]) => luminance(background!));
    for (const [i, [, background, ink]] of steps.entries()) {
      const [a, b] = [luminance(background!), luminance(ink!)];
      const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      assert.ok(contrast >= 4.5, `step ${i}: ${contrast}`);
      if (i > 0) assert.ok(theme === 'light' ? levels[i]! < levels[i - 1]! : levels[i]! > levels[i - 1]!, `step ${i}`);
    }
  });
}

test('shares choose the nearest step, and stay on the ramp', () => {
  assert.deepEqual([-1, 0, 0.024, 0.026, 0.5, 1, 2].map(heatClass), [
    'heat-0',
    'heat-0',
    'heat-0',
    'heat-1',
    'heat-10',
    'heat-20',
    'heat-20',
  ]);
});
