/**
 * In the environment of every process that loads onnxruntime: from 1.30 on it looks up an address of its maker's when it
 * starts, and keeps an identifier of the device in the user's cache folder. It reads this once, when it is loaded.
 */
export const noTelemetry = { ORT_DISABLE_TELEMETRY: '1' };
