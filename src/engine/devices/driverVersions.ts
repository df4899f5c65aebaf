import { execFile } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { runtimeVersion } from '../runtime/session.ts';

/** Where Windows keeps the versions of display drivers. */
const displayDrivers = String.raw`HKLM\SYSTEM\CurrentControlSet\Control\Class\{4d36e968-e325-11ce-bfc1-08002be10318}`;
/** Where Linux keeps which Vulkan drivers there are. */
const vulkanFolders = ['/usr/share/vulkan/icd.d', '/usr/local/share/vulkan/icd.d', '/etc/vulkan/icd.d'];
/** Variables that choose among drivers and GPUs. */
const variables = ['VK_ICD_FILENAMES', 'VK_DRIVER_FILES', 'CUDA_VISIBLE_DEVICES', 'DRI_PRIME'];

/**
 * The versions of runtime, system and graphics drivers, as far as they are known without calling a driver. When they change,
 * the verdicts on devices do not count any more.
 */
export async function driverVersions(): Promise<string> {
  const parts = [
    `onnxruntime ${runtimeVersion}`,
    // The graphics drivers of macOS come with it.
    `${process.platform} ${process.arch} ${release()}`,
    ...variables.flatMap(name => (process.env[name] ? [`${name}=${process.env[name]}`] : [])),
    ...(process.platform === 'linux' ? await linuxDrivers() : []),
    ...(process.platform === 'win32' ? await windowsDrivers() : []),
  ];
  return parts.join('\n');
}

async function linuxDrivers(): Promise<string[]> {
  const named = (process.env.VK_DRIVER_FILES ?? process.env.VK_ICD_FILENAMES ?? '').split(':').filter(Boolean);
  const listed = await Promise.all(vulkanFolders.map(folder => filesOf(folder, name => name.endsWith('.json'))));
  const cards = await filesOf('/sys/class/drm', name => /^card\d+$/.test(name));
  const texts = await Promise.all(
    ['/proc/driver/nvidia/version', ...cards.flatMap(c => [`${c}/device/vendor`, `${c}/device/device`])].map(
      readOrNone,
    ),
  );
  const drivers = await Promise.all([...named, ...listed.flat()].map(vulkanDriver));
  return [...texts, ...drivers].filter(text => text !== '');
}

/** A driver's description and when its library was written. */
async function vulkanDriver(path: string): Promise<string> {
  const text = await readOrNone(path);
  const library = /"library_path"\s*:\s*"([^"]+)"/.exec(text)?.[1] ?? path;
  const places = library.startsWith('/') ? [library] : [path, join('/usr/lib/x86_64-linux-gnu', library)];
  const times = await Promise.all(
    places.map(place =>
      stat(place).then(
        s => `${s.size} ${s.mtimeMs}`,
        () => '',
      ),
    ),
  );
  return `${path} ${text} ${times}`;
}

async function windowsDrivers(): Promise<string[]> {
  const query = ['query', displayDrivers, '/s', '/v', 'DriverVersion'];
  return promisify(execFile)('reg', query).then(
    ({ stdout }) => [stdout],
    // Some keys below it are closed to ordinary users: what could be read counts.
    error => [String(error.stdout ?? '')],
  );
}

async function filesOf(folder: string, wanted: (name: string) => boolean): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .filter(wanted)
    .sort()
    .map(name => join(folder, name));
}

function readOrNone(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
