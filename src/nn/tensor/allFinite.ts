/** Whether no value is infinite or not a number. A loop, because `every` calls a function for each of millions. */
export function allFinite(data: Float32Array): boolean {
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i])) return false;
  return true;
}
