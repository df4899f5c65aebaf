import { columnsOf, rowsOf, sideBySide } from '../linalg/columns.ts';
import { qrTriangle } from '../linalg/qr.ts';
import { productNorm } from '../linalg/svd.ts';
import type { LoraFactors } from './adapter.ts';

/** ‖Σ sᵢBᵢAᵢ‖ (Frobenius) of factors of one layer, without forming a product. */
export function deltaNorm(terms: readonly LoraFactors[]): number {
  if (terms.length === 0) return 0;
  const left = sideBySide(terms.map(({ B, scaling }) => columnsOf(B, scaling)));
  const right = sideBySide(terms.map(({ A }) => rowsOf(A)));
  return productNorm(qrTriangle(left), qrTriangle(right));
}
