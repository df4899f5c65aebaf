import { gradients } from '../autodiff/gradients.ts';
import { Graph, type Value } from '../graph/graph.ts';
import * as op from '../graph/ops.ts';
import type { Adapter } from '../lora/adapter.ts';
import { adaptedForward } from '../model/adaptedForward.ts';
import { externalWeights, lowerAsGiven } from '../model/baseWeights.ts';
import type { BaseConfig } from '../model/config.ts';
import { linearLayers } from '../model/layout.ts';
import { defineBatchSizes, outputProjection, rowPositions } from '../model/transformer.ts';
import type { TensorPlace } from '../tensor/tensorPlace.ts';
import { addUpdate, factorName, flatten, groupSize, type ParameterGroup, unflatten } from '../train/trainGraph.ts';
import type { StackedFactors } from './stackedFactors.ts';

export interface DistillGraphOptions {
  config: BaseConfig;
  tensors: ReadonlyMap<string, TensorPlace>;
  /** The teachers' factors, by module path. */
  layers: ReadonlyMap<string, StackedFactors>;
  /** How many teachers there are. */
  experts: number;
  /** Whose ranks the student has, by module path. */
  student: Adapter;
  /** What the labels' cross entropy counts beside the divergence. */
  labelShare: number;
}

/** The student's factors, as `expertGroup` lays them out; its scaling is in B. */
export function studentGroup(config: BaseConfig, { modules }: Adapter): ParameterGroup {
  const tensors = linearLayers(config).flatMap(l => {
    const rank = modules.get(l.path)?.A.rows;
    if (rank === undefined) return [];
    return [
      { name: factorName(l.path, 'A'), shape: [rank, l.in] },
      { name: factorName(l.path, 'B'), shape: [l.out, rank] },
    ];
  });
  return { name: 'student', tensors, decays: false, clipWith: 'student' };
}

/**
 * One step of distilling several experts into one adapter (Hinton et al. 2015, arXiv:1503.02531, at temperature 1): of the tokens
 * that are learned, KL(teacher ‖ student) over the whole vocabulary, the teacher being the base with the row's own expert,
 * and the labels' cross entropy. Teachers and student are two passes over the same frozen base; the gradient is taken for
 * the student's factors alone.
 *
 * Inputs: `ids` [B, T] int64, `gate` [B, E], 1 for the row's own expert, `lossRows`, `labels` [M] int64, `lossWeights` [M, E],
 * `firstPositions` as in training; `student` [P], `student.m`, `student.v` [P], `student.hyper`. Outputs: `losses` [2], divergence and
 * labels' share; `norms` [1], `student.out`, `student.m.out`, `student.v.out`, and `student.gradient` [P].
 */
export function buildDistillGraph(o: DistillGraphOptions): Graph {
  const g = new Graph();
  const c = o.config;
  const ids = g.input('ids', 'int64', ['B', 'T']);
  defineBatchSizes(g, ids);
  const gate = g.input('gate', 'float32', ['B', o.experts]);
  const group = studentGroup(c, o.student);
  const flat = g.input(group.name, 'float32', [groupSize(group)]);
  const factors = unflatten(g, flat, group);
  const weight = externalWeights(g, o.tensors);
  const positions = rowPositions(g, c);

  const taught = adaptedForward(g, c, ids, positions, {
    weight,
    delta(x, path) {
      const own = o.layers.get(path);
      if (!own) return undefined;
      const A = g.constant(own.A.data, [own.A.rows, own.A.cols]);
      const B = g.constant(own.B.data, [own.B.rows, own.B.cols]);
      return { inner: op.mul(g, op.gemm(g, x, A, { transB: true }), tokenGates(g, gate, own.owners)), B };
    },
  });
  const learned = adaptedForward(g, c, ids, positions, {
    weight,
    delta(x, path) {
      const A = factors.get(factorName(path, 'A'));
      return A && { inner: op.gemm(g, x, A, { transB: true }), B: factors.get(factorName(path, 'B'))! };
    },
  });

  const lossRows = g.input('lossRows', 'int64', ['M']);
  g.defineSize('M', g.node('Shape', [lossRows], [{ type: 'int64', shape: [1] }])[0]!);
  const logProbabilities = (hidden: Value) =>
    op.logSoftmax(g, outputProjection(g, c, op.gatherRows(g, hidden, lossRows)));
  const [teacher, student] = [logProbabilities(taught), logProbabilities(learned)];
  const labels = g.input('labels', 'int64', ['M']);
  const shares = op.reduceSum(g, g.input('lossWeights', 'float32', ['M', o.experts]), [1]);
  const divergence = op.reduceSum(g, op.mul(g, op.exp(g, teacher), op.sub(g, teacher, student)), [-1]);
  const label = op.mul(g, op.neg(g, op.pick(g, student, labels)), g.scalar(o.labelShare));
  const total = (x: Value) => op.reduceSum(g, op.mul(g, x, shares), [0], false);
  const losses = op.concat(g, [total(divergence), total(label)], 0);
  g.output('losses', losses);
  const found = gradients(g, op.reduceSum(g, losses, [0], false), [...factors.values()]);
  const gradient = flatten(g, found);
  g.output(`${group.name}.gradient`, gradient);
  addUpdate(g, [group], [flat], [gradient]);
  lowerAsGiven(g, c, o.tensors);
  return g;
}

/** Each token's gates of stacked ranks, [N, Σ rank], from those of its row [B, E]. */
function tokenGates(g: Graph, gate: Value, owners: number[]): Value {
  return g.once(`gate:${owners}`, () => {
    const perRow = op.reshape(g, op.gatherColumns(g, gate, owners), ['B', 1, owners.length]);
    const shape = ['B', 'T', owners.length];
    const expanded = g.node('Expand', [perRow, g.shapeValue(shape)], [{ type: 'float32', shape }])[0]!;
    return op.reshape(g, expanded, ['N', owners.length]);
  });
}
