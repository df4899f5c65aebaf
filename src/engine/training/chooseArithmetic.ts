import type { Base } from '../../experiment/base.ts';
import type { Arithmetic } from '../../protocol/arithmetic.ts';
import type { Device } from '../../protocol/device.ts';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { TrainingSettings } from '../../recipe/schema.ts';
import { int8Support } from '../runtime/int8Support.ts';
import { areOnOneDrive } from '../runtime/tensorCopy.ts';
import { obstacleToCodes } from './int8Base.ts';

export interface ArithmeticOptions {
  base: Base;
  /** What the experts' settings say. */
  wished: TrainingSettings['arithmetic'][];
  device: Device;
  threads: number;
  /** Where the base's copy for products in 8 bits would be kept. */
  cacheFolder: string;
  /** The arithmetic of the run that goes on, which 'auto' keeps where the machine can. */
  resumed?: Arithmetic | undefined;
  /** Hears why 'auto' does without what the processor could do. */
  tell?: ((note: string) => void) | undefined;
}

/** Products of narrower bases are too small to gain anything. */
const leastWidth = 256;

/**
 * How a run's products with the base are computed. Throws `mismatch` where its experts want different things, and
 * `unsupported` where 8 bits are asked for that the base, the device or the processor cannot give. A cache that cannot hold the
 * base's codes is no obstacle to 'auto': it takes F32, and tells why.
 */
export async function chooseArithmetic(o: ArithmeticOptions): Promise<Arithmetic> {
  const { base, device, threads, cacheFolder, resumed } = o;
  const wishes = new Set(o.wished);
  if (wishes.has('float') && wishes.has('int8'))
    throw new WorkbenchError(
      'mismatch',
      "experts of one run share its arithmetic, and some ask for 'float', others for 'int8'",
      "Give them the same 'arithmetic', or train them one after the other.",
    );
  const isAsked = wishes.has('int8');
  if (wishes.has('float') || (!isAsked && resumed === 'float')) return 'float';
  const obstacle =
    device !== 'cpu'
      ? `it computes on ${device}, and products in 8 bits are the CPU's`
      : base.quantization
        ? `the base is quantised to ${base.quantization} already`
        : !areOnOneDrive(base.folder, cacheFolder)
          ? `the base (${base.folder}) and the cache (${cacheFolder}) are on different drives`
          : undefined;
  if (obstacle === undefined && (isAsked || base.config.dim >= leastWidth)) {
    const { isExact, isFast } = await int8Support(threads);
    if (isAsked) {
      if (isExact) return 'int8';
    } else if (resumed === 'int8' ? isExact : isFast) {
      const refused = await obstacleToCodes(base, cacheFolder);
      if (refused === undefined) return 'int8';
      o.tell?.(`products with the base are computed in F32, because its 8-bit codes cannot be kept: ${refused}`);
    }
  }
  if (!isAsked) return 'float';
  throw new WorkbenchError(
    'unsupported',
    `this training cannot use 'arithmetic' 'int8': ${obstacle ?? 'the processor cuts off sums of products in 8 bits'}`,
    "Set it to 'auto' or 'float'.",
  );
}
