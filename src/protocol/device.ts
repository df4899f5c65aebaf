/** What the runtime can compute on: execution providers of onnxruntime. */
export const devices = ['cpu', 'webgpu', 'cuda', 'dml', 'coreml'] as const;
export type Device = (typeof devices)[number];

/** What a user may ask for: a device, or the fastest that works. */
export const deviceChoices = ['auto', ...devices] as const;
export type DeviceChoice = (typeof deviceChoices)[number];

/** How a device other than the CPU does. */
export const deviceStates = [
  /** Gives the CPU's results, faster. */
  'works',
  /** Gives the CPU's results, but not faster: a software device, or a small GPU. */
  'slow',
  /** Is not there, or does not give the CPU's results. */
  'failed',
  /** Gave the right results when tried, and then failed or took the engine down. */
  'broken',
] as const;
