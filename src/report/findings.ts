import { type Accuracy, accuracyOf } from '../evaluation/metrics.ts';
import type { Report } from '../protocol/report.ts';
import { bytes, count, listing, plural, points } from '../text/numbers.ts';
import { scoreGrid } from './scoreGrid.ts';

/** What the bank of adapters forgot. */
export interface Forgetting {
  /** Right answers that experts lost while the others were trained, over all experts. */
  answersLost: number;
  hashUnchanged: boolean;
  /** No answer lost, same hash, same logits. */
  nothingForgotten: boolean;
  /** `base hash unchanged, logits bit-equal`, or what differs. */
  proof: string;
}

export function forgettingOf(report: Report): Forgetting {
  const { experts, gateZeroBitEqual, gateZeroDifference } = report.forgetting;
  const answersLost = experts.reduce((sum, { before, after }) => sum + Math.max(0, before - after), 0);
  const hashUnchanged = report.base.hashBefore === report.base.hashAfter;
  const hash = hashUnchanged ? 'base hash unchanged' : 'base hash CHANGED';
  const logits = gateZeroBitEqual ? 'logits bit-equal' : `logits DIFFER by up to ${gateZeroDifference}`;
  return {
    answersLost,
    hashUnchanged,
    nothingForgotten: answersLost === 0 && hashUnchanged && gateZeroBitEqual,
    proof: `${hash}, ${logits}`,
  };
}

/** One sentence on the single adapter trained in sequence; undefined where the run had none. */
export function sequentialSentence(report: Report): string | undefined {
  const sequential = report.forgetting.sequential;
  if (!sequential) return undefined;
  const lost = sequential.order
    .filter(set => (sequential.forgotten[set] ?? 0) > 0)
    .map(set => `${points(sequential.forgotten[set]!)} points of ${set}`);
  const trained = `One adapter trained on ${sequential.order.join(', then ')}`;
  return lost.length > 0 ? `${trained} forgot ${listing(lost)}.` : `${trained} forgot nothing either.`;
}

export interface StorageSaving {
  /** One base and all adapters. */
  sharedBytes: number;
  copiesBytes: number;
  /** Copies over shared. */
  ratio: number;
  /** The ratio in words: `1.9` and `times smaller`. */
  figure: string;
  unit: string;
  sentence: string;
}

export function storageSaving(report: Report): StorageSaving {
  const { adaptersBytes, baseBytes, fullCopiesBytes } = report.storage;
  const sharedBytes = baseBytes + adaptersBytes;
  const n = report.experts.length;
  const ratio = fullCopiesBytes / sharedBytes;
  return {
    sharedBytes,
    copiesBytes: fullCopiesBytes,
    ratio,
    ...sizeInWords(ratio),
    sentence: `${bytes(sharedBytes)} (one base, ${plural(n, 'adapter')}) instead of ${bytes(fullCopiesBytes)} (${plural(n, 'full model')})`,
  };
}

/** One expert with its base is no smaller than one full model. */
function sizeInWords(ratio: number): { figure: string; unit: string } {
  if (ratio >= 1.05) return { figure: ratio.toFixed(1), unit: 'times smaller' };
  if (ratio > 1 / 1.05) return { figure: 'equal', unit: 'in size' };
  return { figure: (1 / ratio).toFixed(1), unit: 'times larger' };
}

export interface Headline {
  label: string;
  accuracy: Accuracy;
  /** The base on the same questions. */
  base: Accuracy | undefined;
  /** `3 sets, 600 questions`. */
  asked: string;
}

/** The routed system over all sets; without a router, each expert on its own set. Undefined when neither was scored. */
export function headlineAccuracy(report: Report): Headline | undefined {
  const grid = scoreGrid(report);
  const base = grid.find(row => row.kind === 'base')?.overall;
  const routed = grid.find(row => row.kind === 'routed')?.overall;
  const own = routed ?? ownSetAccuracy(report);
  if (!own) return undefined;
  return {
    label: routed ? 'routed accuracy' : 'accuracy, experts on their own sets',
    accuracy: own,
    base,
    asked: `${plural(countedSets(report), 'set')}, ${count(own.total)} questions`,
  };
}

/** As many sets as count into what is said of all together. */
function countedSets({ sets }: Report): number {
  return sets.filter(set => set.expert !== undefined).length || sets.length;
}

function ownSetAccuracy(report: Report): Accuracy | undefined {
  const own = report.scores.filter(
    ({ kind, system, set }) =>
      kind === 'expert' && report.sets.some(({ name, expert }) => name === set && expert === system),
  );
  if (own.length === 0) return undefined;
  return accuracyOf(
    own.reduce((sum, { correct }) => sum + correct, 0),
    own.reduce((sum, { total }) => sum + total, 0),
  );
}
