import onnxProto from 'onnx-proto';
import { WorkbenchError } from '../../protocol/errors.ts';
import type { Attribute, ElementType, Graph, Value } from './graph.ts';
import { neededValues } from './neededValues.ts';

const { onnx } = onnxProto;

/** onnx.TensorProto.DataType */
const elementCode: Record<ElementType, number> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  bfloat16: 16,
  uint4: 21,
};

/** The ONNX number of an element type, as the Cast operator wants it. */
export function onnxElementCode(type: ElementType): number {
  return elementCode[type];
}

/**
 * Serialises a graph as an ONNX model (IR 10, opset 21, with onnxruntime's own operators).
 * `locate` gives the path of an external file relative to the folder in which the runtime looks for it.
 *
 * What no output depends on is left out. The runtime would do so too, but only after it has computed what follows from
 * constants alone: of a large embedding of which rows are gathered, the whole in F32.
 */
export function encodeModel(graph: Graph, locate = (file: string) => file): Uint8Array {
  const needed = neededValues(graph);
  const model = onnx.ModelProto.create({
    irVersion: 10,
    producerName: 'multi-lora-workbench',
    opsetImport: [
      { domain: '', version: 21 },
      { domain: 'com.microsoft', version: 1 },
    ],
    graph: {
      name: 'graph',
      node: graph.nodes
        .filter(n => n.outputs.some(v => needed.has(v.name)))
        .map(n => ({
          opType: n.op,
          domain: n.domain,
          input: n.inputs.map(v => v?.name ?? ''),
          output: n.outputs.map(v => v.name),
          attribute: Object.entries(n.attributes).map(([name, a]) => attributeProto(name, a)),
        })),
      input: graph.inputs.map(valueInfo),
      output: graph.outputs.map(valueInfo),
      initializer: graph.initializers
        .filter(({ value }) => needed.has(value.name))
        .map(({ value, data }) => ({
          name: value.name,
          dims: value.shape as number[],
          dataType: elementCode[value.type],
          ...('bytes' in data
            ? { rawData: data.bytes }
            : {
                dataLocation: onnx.TensorProto.DataLocation.EXTERNAL,
                externalData: [
                  { key: 'location', value: locate(data.file) },
                  { key: 'offset', value: String(data.offset) },
                  { key: 'length', value: String(data.length) },
                ],
              }),
        })),
    },
  });
  return onnx.ModelProto.encode(model).finish();
}

function valueInfo(v: Value) {
  const dim = v.shape.map(d => (typeof d === 'string' ? { dimParam: d } : { dimValue: d }));
  return { name: v.name, type: { tensorType: { elemType: elementCode[v.type], shape: { dim } } } };
}

function attributeProto(name: string, a: Attribute) {
  const { AttributeType } = onnx.AttributeProto;
  if (typeof a === 'number') {
    if (!Number.isInteger(a))
      throw new WorkbenchError('runtime', `graph: attribute '${name}' wants an integer, got ${a}`);
    return { name, type: AttributeType.INT, i: a };
  }
  if (typeof a === 'string') return { name, type: AttributeType.STRING, s: new TextEncoder().encode(a) };
  if (Array.isArray(a)) return { name, type: AttributeType.INTS, ints: a };
  return { name, type: AttributeType.FLOAT, f: a.float };
}
