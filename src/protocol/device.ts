/** What the runtime can compute on: execution providers of onnxruntime. */
export const devices = ['cpu', 'webgpu', 'cuda', 'dml', 'coreml'] as const;
export type Device = (typeof devices)[number];

/** What a user may ask for: a device, or the fastest that works. */
export const deviceChoices = ['auto', ...devices] as const;
export type DeviceChoice = (typeof deviceChoices)[number];

/** What is known of a device other than the CPU. */
export interface DeviceVerdict {
  device: Device;
  state:
    | /** Gives the CPU's results, faster. */ 'works'
    /** Gives the CPU's results, but not faster: a software device, or a small GPU. */
    | 'slow'
    /** Is not there, or does not give the CPU's results. */
    | 'failed'
    /** Gave the right results when tried, and then failed or took the engine down. */
    | 'broken';
  /** One sentence. */
  reason: string;
  /** Milliseconds of the same small graph on the device and on the CPU. */
  timing?: { device: number; cpu: number };
  /** It casts to and from half floats right: a training can leave F16 weights as they are, and store activations in F16. */
  halfFloats?: boolean;
}

/** What the engine computes on. */
export interface DeviceStatus {
  choice: DeviceChoice;
  used: Device;
  /** Why that one. */
  reason: string;
  verdicts: DeviceVerdict[];
}
