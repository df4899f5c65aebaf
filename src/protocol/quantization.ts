/** How the weights of a base's products can be kept. */
export const quantizations = ['int8', 'int4'] as const;
export type Quantization = (typeof quantizations)[number];
