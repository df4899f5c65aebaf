import { WorkbenchError } from '../../protocol/errors.ts';

/** Dictionaries are Maps, lists and tuples arrays; the rest is what the caller's functions make. */
export type Pickled = unknown;

export interface PickleFunctions {
  /** Stands for the object that Python would import; throws for one that is not expected. */
  global(name: string): Pickled;
  /** What calling that object with these arguments gives; throws for one that is not a function. */
  call(target: Pickled, args: Pickled[]): Pickled;
  /** The object that a persistent id stands for: a storage, in PyTorch's files. */
  persistent(id: Pickled): Pickled;
}

/** A few hundred bytes a tensor. */
const maxBytes = 20_000_000;
const maxText = 10_000;

const mark = Symbol('mark');

/**
 * Reads a pickle as data: builds dictionaries, lists, tuples, texts and numbers, and leaves every name to the caller's
 * table. Python's own reader imports what the file names and calls it, which can be any program; this one knows no
 * way to do so. Opcodes are those that PyTorch writes for tables of tensors (protocol 2 and the text forms of 4).
 *
 * @throws WorkbenchError `badFile` for what is no such pickle, and what the functions throw
 */
export function unpickle(bytes: Uint8Array, fileName: string, functions: PickleFunctions): Pickled {
  const bad = (what: string) => new WorkbenchError('badFile', `${fileName}: ${what}`);
  if (bytes.length > maxBytes) throw bad(`its table has ${bytes.length} bytes; at most ${maxBytes} are read`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const stack: (Pickled | typeof mark)[] = [];
  const memo = new Map<number, Pickled>();
  let at = 0;

  const take = (length: number): number => {
    const from = at;
    at += length;
    if (at > bytes.length) throw bad('its table of tensors ends too early');
    return from;
  };
  const u8 = () => view.getUint8(take(1));
  const u16 = () => view.getUint16(take(2), true);
  const u32 = () => view.getUint32(take(4), true);
  const text = (length: number) => {
    if (length > maxText) throw bad(`a name in its table has ${length} bytes; at most ${maxText} are read`);
    const from = take(length);
    return new TextDecoder().decode(bytes.subarray(from, from + length));
  };
  const line = () => {
    const end = bytes.indexOf(10, at);
    if (end < 0) throw bad('its table of tensors ends too early');
    const found = text(end - at);
    at++;
    return found;
  };
  const integer = (length: number) => {
    if (length > 8) throw bad('a number in its table is too large');
    let value = 0n;
    const from = take(length);
    for (let i = 0; i < length; i++) value |= BigInt(bytes[from + i]!) << BigInt(8 * i);
    return Number(BigInt.asIntN(8 * length, value));
  };
  const pop = (): Pickled => {
    const value = stack.pop();
    if (value === mark || value === undefined) throw bad('its table of tensors is broken');
    return value;
  };
  const popToMark = (): Pickled[] => {
    const from = stack.lastIndexOf(mark);
    if (from < 0) throw bad('its table of tensors is broken');
    return stack.splice(from).slice(1);
  };
  const popSome = (count: number) => Array.from({ length: count }, pop).reverse();
  const top = <T>(is: (value: unknown) => value is T): T => {
    const value = stack.at(-1);
    if (!is(value)) throw bad('its table of tensors is broken');
    return value;
  };
  const setAll = (items: Pickled[]) => {
    const table = top((v): v is Map<unknown, unknown> => v instanceof Map);
    if (items.length % 2 > 0) throw bad('its table of tensors is broken');
    for (let i = 0; i < items.length; i += 2) table.set(items[i], items[i + 1]);
  };
  const appendAll = (items: Pickled[]) => {
    const list = top((v): v is unknown[] => Array.isArray(v));
    for (const item of items) list.push(item);
  };
  const remember = (key: number) => {
    const value = pop();
    stack.push(value);
    memo.set(key, value);
  };
  const recall = (key: number) => {
    if (!memo.has(key)) throw bad('its table of tensors is broken');
    stack.push(memo.get(key));
  };

  for (;;) {
    const opcode = String.fromCharCode(u8());
    switch (opcode) {
      case '\x80': // PROTO
        if (u8() > 5) throw bad('its table has a protocol that is not known');
        break;
      case '\x95': // FRAME
        take(8);
        break;
      case '}':
        stack.push(new Map());
        break;
      case ']':
      case ')':
        stack.push([]);
        break;
      case '(':
        stack.push(mark);
        break;
      case 't':
        stack.push(popToMark());
        break;
      case '\x85':
      case '\x86':
      case '\x87':
        stack.push(popSome(opcode.charCodeAt(0) - 0x84));
        break;
      case 'N':
        stack.push(null);
        break;
      case '\x88':
      case '\x89':
        stack.push(opcode === '\x88');
        break;
      case 'J':
        stack.push(view.getInt32(take(4), true));
        break;
      case 'K':
        stack.push(u8());
        break;
      case 'M':
        stack.push(u16());
        break;
      case '\x8a':
        stack.push(integer(u8()));
        break;
      case 'G':
        stack.push(view.getFloat64(take(8)));
        break;
      case 'X':
        stack.push(text(u32()));
        break;
      case '\x8c':
        stack.push(text(u8()));
        break;
      case 'q':
        remember(u8());
        break;
      case 'r':
        remember(u32());
        break;
      case '\x94':
        remember(memo.size);
        break;
      case 'h':
        recall(u8());
        break;
      case 'j':
        recall(u32());
        break;
      case 's':
        setAll(popSome(2));
        break;
      case 'u':
        setAll(popToMark());
        break;
      case 'a':
        appendAll(popSome(1));
        break;
      case 'e':
        appendAll(popToMark());
        break;
      case 'c': {
        const module = line();
        stack.push(functions.global(`${module}.${line()}`));
        break;
      }
      case '\x93': {
        const [module, name] = popSome(2);
        stack.push(functions.global(`${module}.${name}`));
        break;
      }
      case 'Q':
        stack.push(functions.persistent(pop()));
        break;
      case 'R': {
        const [target, args] = popSome(2);
        if (!Array.isArray(args)) throw bad('its table of tensors is broken');
        stack.push(functions.call(target, args));
        break;
      }
      case 'b': // The attributes of an OrderedDict, which PyTorch gives versions of modules; no tensor is among them.
        pop();
        top((v): v is Map<unknown, unknown> => v instanceof Map);
        break;
      case '.':
        return pop();
      default:
        throw bad(
          `its table of tensors has the instruction 0x${opcode.charCodeAt(0).toString(16)}, which none that PyTorch writes needs`,
        );
    }
  }
}
