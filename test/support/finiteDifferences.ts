/**
 * The gradient of `f` at `x` by central differences at h and h/2, extrapolated to an error of O(h⁴) (Richardson 1911),
 * so that a large h keeps the rounding of single floats small. `f` reads `x`, which is changed in between and put back.
 */
export async function finiteDifferences(x: Float32Array, h: number, f: () => Promise<number>): Promise<Float64Array> {
  const gradient = new Float64Array(x.length);
  for (let i = 0; i < x.length; i++) {
    const old = x[i]!;
    const difference = async (step: number) => {
      const [high, low] = [Math.fround(old + step), Math.fround(old - step)];
      x[i] = high;
      const above = await f();
      x[i] = low;
      const below = await f();
      x[i] = old;
      return (above - below) / (high - low);
    };
    gradient[i] = (4 * (await difference(h / 2)) - (await difference(h))) / 3;
  }
  return gradient;
}
