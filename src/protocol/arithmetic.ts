/** How a training computes the products with its frozen base: in F32, or with 8-bit integers. */
export const arithmetics = ['float', 'int8'] as const;
export type Arithmetic = (typeof arithmetics)[number];
