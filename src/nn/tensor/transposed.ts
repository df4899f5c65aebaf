/** A row-major matrix [rows, cols] as [cols, rows]. */
export function transposed(data: Float32Array, rows: number, cols: number): Float32Array {
  const turned = new Float32Array(data.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) turned[j * rows + i] = data[i * cols + j]!;
  return turned;
}
