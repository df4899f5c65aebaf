import type { Told } from './tool.ts';

/** A notification of progress, as the protocol has it. */
export interface ProgressParams {
  progress: number;
  total?: number;
  message: string;
}

/**
 * The progress of a call, which the protocol wants to grow with each notification, whatever is counted: a phase that
 * begins anew, such as training after tokenising, counts on from where the last one was.
 */
export function createProgress(send: (params: ProgressParams) => void): (told: Told) => void {
  let before = 0;
  let last = { done: 0, total: 0 };
  let sent = -1;
  return ({ message, done, total }) => {
    if (done < last.done || total !== last.total) before = Math.max(0, sent);
    last = { done, total };
    const progress = before + done;
    if (progress <= sent) return;
    sent = progress;
    send({ progress, ...(total > 0 && { total: before + total }), message });
  };
}
