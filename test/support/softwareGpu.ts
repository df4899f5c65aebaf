import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';

/** SwiftShader as Debian's packages of Chromium have it: a GPU in software, slow and right. */
const driver = '/usr/lib/chromium/vk_swiftshader_icd.json';
const loaders = ['x86_64-linux-gnu', 'aarch64-linux-gnu'].map(name => `/usr/lib/${name}/libvulkan.so.1`);

/** Mesa's lavapipe, a second one in software, which has half floats. Before 25 it lacks what the runtime asks for. */
const halfFloatDriver = '/usr/share/vulkan/icd.d/lvp_icd.json';

/** What a process must have in its environment to find it. */
export const softwareGpu: Record<string, string> = { VK_ICD_FILENAMES: driver, XDG_RUNTIME_DIR: tmpdir() };
export const halfFloatGpu: Record<string, string> = { ...softwareGpu, VK_ICD_FILENAMES: halfFloatDriver };

/** Why there is no such GPU here; undefined where there is one. */
export const softwareGpuMissing = missing(driver, 'chromium-common');
export const halfFloatGpuMissing = missing(halfFloatDriver, 'mesa-vulkan-drivers, 25 or later');

function missing(path: string, debianPackage: string): string | undefined {
  if (process.platform !== 'linux') return 'no Vulkan device to test on: one in software is looked for on Linux alone';
  if (!existsSync(path)) return `no Vulkan device to test on: ${path} is not there (Debian's package ${debianPackage})`;
  if (!loaders.some(existsSync)) return 'no Vulkan device to test on: libvulkan.so.1 is not there (package libvulkan1)';
  return undefined;
}
