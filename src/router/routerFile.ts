import { WorkbenchError } from '../protocol/errors.ts';
import type { FeatureVector } from './features.ts';

/** One answer the classifier can give. */
export interface RouterClass {
  /** The expert's name, or for the other roles the domain. */
  name: string;
  domain: string;
  /** `background`: a domain the prior knows and no expert speaks for; like `none`, it is answered by the base. */
  role: 'expert' | 'background' | 'none';
}

/** A trained router. */
export interface LearnedRouterModel {
  classes: RouterClass[];
  /** A power of two, at most 65,536. */
  bucketCount: number;
  hashSeed: number;
  /** `[buckets, classes]`; every value is a multiple of `scale` between -127 and 127 of them. */
  weights: Float32Array;
  scale: number;
  temperature: number;
  /** The base answers when the probability that no expert is meant reaches this. */
  noneThreshold: number;
}

/** A prompt of the prior's training, already hashed: it can be rehearsed but no longer read. */
export interface Rehearsed {
  features: FeatureVector;
  /** One probability per class of the prior. */
  target: number[];
}

/** The shipped prior: a router for the domains math, code and qa, and prompts to rehearse while experts are added. */
export interface RouterPrior {
  model: LearnedRouterModel;
  rehearsal: Rehearsed[];
}

/** The JSON half of a stored router; the weights and rehearsed prompts are the bytes beside it. */
export interface RouterHeader {
  format: 'lora-router';
  version: 1;
  classes: RouterClass[];
  bucketCount: number;
  hashSeed: number;
  scale: number;
  temperature: number;
  noneThreshold: number;
  /** Number of rehearsed prompts after the weights; 0 in a router that is not a prior. */
  rehearsal: number;
}

const targetUnit = 255;
const valueUnit = 100;
const maxClasses = 1024;

/** Rounds weights in place to 8 bits, so that a router gives the same bits before and after it is stored. */
export function quantize(weights: Float32Array): number {
  let largest = 0;
  for (const weight of weights) largest = Math.max(largest, Math.abs(weight));
  const scale = Math.fround(largest / 127) || 1;
  for (let i = 0; i < weights.length; i++) weights[i] = (Math.round(weights[i]! / scale) + 0) * scale; // + 0 makes -0 the 0 that is read back
  return scale;
}

/** A router as one JSON-able header and bytes: int8 `[buckets, classes]`. */
export function serializeRouter(model: LearnedRouterModel): { header: RouterHeader; bytes: Uint8Array } {
  return serializePrior({ model, rehearsal: [] });
}

/** Like `serializeRouter`, then per rehearsed prompt: u8 targets, u16 count, u16 buckets, u8 values; little-endian. */
export function serializePrior(prior: RouterPrior): { header: RouterHeader; bytes: Uint8Array } {
  const { weights, ...rest } = prior.model;
  const size = prior.rehearsal.reduce(
    (sum, { target, features }) => sum + target.length + 2 + features.buckets.length * 3,
    0,
  );
  const bytes = new Uint8Array(weights.length + size);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < weights.length; i++) view.setInt8(i, Math.round(weights[i]! / rest.scale));
  let at = weights.length;
  for (const { target, features } of prior.rehearsal) {
    for (const share of target) view.setUint8(at++, Math.round(share * targetUnit));
    view.setUint16(at, features.buckets.length, true);
    at += 2;
    features.buckets.forEach((bucket, i) => {
      view.setUint16(at + 2 * i, bucket, true);
    });
    at += 2 * features.buckets.length;
    features.values.forEach((value, i) => {
      view.setUint8(at + i, Math.max(1, Math.min(255, Math.round(value * valueUnit))));
    });
    at += features.buckets.length;
  }
  return { header: { format: 'lora-router', version: 1, ...rest, rehearsal: prior.rehearsal.length }, bytes };
}

/** @throws WorkbenchError `badFile` when header and bytes are not a router of this version. */
export function parseRouter(header: unknown, bytes: Uint8Array): LearnedRouterModel {
  return readPrior(header, bytes).model;
}

/** @throws WorkbenchError `badFile` when header and bytes are not a router of this version. */
export function readPrior(json: unknown, bytes: Uint8Array): RouterPrior {
  const header = checkHeader(json);
  const classes = header.classes.length;
  const weightCount = header.bucketCount * classes;
  if (bytes.length < weightCount) refuse(`it has ${bytes.length} bytes and its header asks for ${weightCount} or more`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const weights = new Float32Array(weightCount);
  for (let i = 0; i < weightCount; i++) weights[i] = view.getInt8(i) * header.scale;

  const rehearsal: Rehearsed[] = [];
  let at = weightCount;
  for (let n = 0; n < header.rehearsal; n++) {
    if (at + classes + 2 > bytes.length) refuse(`it ends within rehearsed prompt ${n} of ${header.rehearsal}`);
    const target = Array.from({ length: classes }, (_, c) => view.getUint8(at + c) / targetUnit);
    const count = view.getUint16(at + classes, true);
    at += classes + 2;
    if (at + count * 3 > bytes.length) refuse(`it ends within rehearsed prompt ${n} of ${header.rehearsal}`);
    const buckets = Uint32Array.from({ length: count }, (_, i) => view.getUint16(at + 2 * i, true));
    if (buckets.some(bucket => bucket >= header.bucketCount))
      refuse(`rehearsed prompt ${n} names a bucket out of range`);
    const values = Float32Array.from({ length: count }, (_, i) => view.getUint8(at + 2 * count + i) / valueUnit);
    at += count * 3;
    rehearsal.push({ target, features: { buckets, values } });
  }
  if (at !== bytes.length) refuse(`${bytes.length - at} bytes are left over`);
  const { format: _format, version: _version, rehearsal: _rehearsal, ...rest } = header;
  return { model: { ...rest, weights }, rehearsal };
}

function checkHeader(json: unknown): RouterHeader {
  const header = json as RouterHeader;
  if (typeof json !== 'object' || json === null || header.format !== 'lora-router')
    refuse("it lacks 'format': 'lora-router'");
  if (header.version !== 1) refuse(`its version is ${header.version} and this program reads version 1`);
  if (!Array.isArray(header.classes) || header.classes.length === 0 || header.classes.length > maxClasses) {
    refuse(`'classes' must hold 1 to ${maxClasses} entries`);
  }
  for (const entry of header.classes) {
    const { name, domain, role } = entry ?? {};
    if (typeof name !== 'string' || typeof domain !== 'string' || !['expert', 'background', 'none'].includes(role)) {
      refuse("every one of 'classes' needs a name, a domain and a role of expert, background or none");
    }
  }
  const { bucketCount } = header;
  if (
    !Number.isInteger(bucketCount) ||
    bucketCount < 2 ||
    bucketCount > 65536 ||
    (bucketCount & (bucketCount - 1)) !== 0
  ) {
    refuse("'bucketCount' must be a power of two up to 65536");
  }
  for (const key of ['scale', 'temperature', 'noneThreshold'] as const) {
    if (!(Number.isFinite(header[key]) && header[key] > 0)) refuse(`'${key}' must be a number above 0`);
  }
  if (!Number.isInteger(header.hashSeed)) refuse("'hashSeed' must be an integer");
  if (!(Number.isInteger(header.rehearsal) && header.rehearsal >= 0)) refuse("'rehearsal' must be an integer from 0");
  return header;
}

function refuse(reason: string): never {
  throw new WorkbenchError('badFile', `This is not a stored router: ${reason}.`, 'Train the router again.');
}
