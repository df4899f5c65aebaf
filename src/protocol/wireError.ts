import { type ErrorCode, type Problem, WorkbenchError } from './errors.ts';

/** JSON-RPC error code of an answer that carries a `WireError`: outside the range the protocol keeps for itself. */
export const failedCode = 1;

/** JSON-RPC error code of a request that was cancelled, as the Language Server Protocol has it. */
export const cancelledCode = -32800;

/** An error as it crosses a process boundary. */
export interface WireError {
  code: ErrorCode;
  message: string;
  hint?: string;
  problems: Problem[];
}

/** Any error for the other side; what is not a WorkbenchError becomes `runtime` with its message. */
export function toWireError(error: unknown): WireError {
  if (error instanceof WorkbenchError) {
    const { code, message, hint, problems } = error;
    return { code, message, hint, problems };
  }
  return { code: 'runtime', message: error instanceof Error ? error.message : String(error), problems: [] };
}

export function fromWireError({ code, message, hint, problems }: WireError): WorkbenchError {
  return new WorkbenchError(code, message, hint, problems);
}
