import assert from 'node:assert/strict';
import { extensions } from 'vscode';
import { type Note, runSuite } from './suite.ts';

const extension = extensions.all.find(e => e.packageJSON.name === 'multi-lora-workbench')!;

/** Loads and activates the extension, which nothing in the workspace has woken; notes what the host's thread computed, and how long it took, in ms. */
export function run(): Promise<void> {
  return runSuite({
    async activation(note: Note) {
      assert.ok(!extension.isActive);
      const { threadCpuUsage = process.cpuUsage } = process as { threadCpuUsage?: () => NodeJS.CpuUsage };
      const [cpu, started] = [threadCpuUsage(), performance.now()];
      await extension.activate();
      const ms = performance.now() - started;
      const after = threadCpuUsage();
      const computed = (after.user - cpu.user + after.system - cpu.system) / 1000;
      note(JSON.stringify({ computed, ms }));
    },
  });
}
