import { AsyncLocalStorage } from 'node:async_hooks';

/*
 * An execution of the runtime blocks the thread. Work that takes minutes is made of many, and between two of them it gives way
 * to what somebody waits for, until that is done: taking turns execution by execution, an answer of 16 tokens would wait for
 * 16 steps of a training.
 */

let underWay = 0;
let waiting: (() => void)[] = [];
/** Whether what runs is itself what somebody waits for: an answer may have to fit something first. */
const isAhead = new AsyncLocalStorage<true>();

/** Does what somebody waits for: work that gives way stands still meanwhile. */
export async function ahead<T>(work: () => Promise<T>): Promise<T> {
  underWay++;
  try {
    return await isAhead.run(true, work);
  } finally {
    underWay--;
    if (underWay === 0) {
      for (const goOn of waiting) goOn();
      waiting = [];
    }
  }
}

/** Lets the process read its messages, and waits while somebody waits for other work. */
export async function giveWay(): Promise<void> {
  await readMessages();
  while (underWay > 0 && !isAhead.getStore()) {
    await new Promise<void>(resolve => waiting.push(resolve));
    await readMessages();
  }
}

/** A message that arrived during an execution is read, parsed and handled in a turn each; one more makes sure. */
export async function readMessages(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise<void>(resolve => setImmediate(resolve));
}
