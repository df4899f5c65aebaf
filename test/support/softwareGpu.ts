import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';

/** SwiftShader as Debian's chromium package has it: a GPU in software, slow and right. */
const driver = '/usr/lib/chromium/vk_swiftshader_icd.json';
const loaders = ['x86_64-linux-gnu', 'aarch64-linux-gnu'].map(name => `/usr/lib/${name}/libvulkan.so.1`);

/** What a process must have in its environment to find it. */
export const softwareGpu: Record<string, string> = { VK_ICD_FILENAMES: driver, XDG_RUNTIME_DIR: tmpdir() };

/** Why there is no software GPU here; undefined where there is one. */
export const softwareGpuMissing: string | undefined =
  process.platform !== 'linux'
    ? 'no Vulkan device to test on: SwiftShader is looked for on Linux alone'
    : !existsSync(driver)
      ? `no Vulkan device to test on: ${driver} is not there (Debian's package chromium)`
      : !loaders.some(existsSync)
        ? 'no Vulkan device to test on: libvulkan.so.1 is not there (package libvulkan1)'
        : undefined;
