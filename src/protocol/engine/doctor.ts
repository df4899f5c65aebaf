import * as z from 'zod/mini';
import type { Exchange } from '../contract.ts';
import { deviceChoices, deviceStates, devices } from '../device.ts';
import { answeringEngine } from './source.ts';

const device = z.enum(devices);

const deviceStatus = z.object({
  choice: z.enum(deviceChoices),
  used: device,
  /** Why that one. */
  reason: z.string(),
  verdicts: z.array(
    z.object({
      device,
      state: z.enum(deviceStates),
      /** One sentence. */
      reason: z.string(),
      /** Milliseconds of the same small graph on the device and on the CPU. */
      timing: z.optional(z.object({ device: z.number(), cpu: z.number() })),
      /** It stores and upcasts half floats right: a training's weights in F16 can stay so, and activations be kept so. */
      halfFloats: z.optional(z.boolean()),
    }),
  ),
});

export const doctorRequests = {
  doctor: {
    params: z.object({
      /** Tries the devices anew, whatever was found of them before. */
      probe: z.optional(z.boolean()),
    }),
    result: z.object({
      node: z.string(),
      runtime: z.string(),
      platform: z.string(),
      cpu: z.string(),
      cores: z.int(),
      threads: z.int(),
      /** Products of 8-bit integers: whether training gains by them on the CPU, or else why it does not. */
      int8: z.enum(['fast', 'slow', 'inexact']),
      memoryBytes: z.number(),
      freeMemoryBytes: z.number(),
      backends: z.array(z.object({ name: z.string(), bundled: z.boolean() })),
      /** What is computed on, and what is known of the other devices. */
      device: deviceStatus,
      embeddedBase: z.optional(z.object({ folder: z.string(), parameters: z.number() })),
      /** What is missing or wrong, and what to do about it. */
      problems: z.array(z.string()),
    }),
  },
  /** The engines elsewhere that a recipe names, and whether they are there. */
  engines: {
    params: z.object({ recipe: z.string(), keys: answeringEngine.keys }),
    result: z.object({
      /** `local`, or one of those. */
      answering: z.string(),
      engines: z.array(
        z.object({
          name: z.string(),
          kind: z.string(),
          url: z.string(),
          isThere: z.boolean(),
          /** What it has, or what is wrong and what to do, in a sentence. */
          message: z.string(),
        }),
      ),
    }),
  },
} as const satisfies Record<string, Exchange>;

/** What is known of a device other than the CPU. */
export type DeviceVerdict = z.infer<typeof deviceStatus>['verdicts'][number];
/** What the engine computes on. */
export type DeviceStatus = z.infer<typeof deviceStatus>;
export type EnginesResult = z.infer<typeof doctorRequests.engines.result>;
export type DoctorResult = z.infer<typeof doctorRequests.doctor.result>;
