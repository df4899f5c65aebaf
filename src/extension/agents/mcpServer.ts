import { join } from 'node:path';
import { Disposable, EventEmitter, type ExtensionContext, lm, McpStdioServerDefinition, workspace } from 'vscode';
import { mcpProvider } from '../contributions/agents.ts';
import type { AllowedServers } from '../services/allowedServers.ts';
import type { EngineSettings } from '../services/hostEngine.ts';
import { engineSettingIds, engineSettings, onSettingChange } from '../services/settings.ts';

/** Offers the server of agents for each folder of the workspace, where that is trusted: its recipes name what is read and run. */
export function registerMcpServer(
  { extensionPath, extension }: ExtensionContext,
  servers: Pick<AllowedServers, 'all' | 'onDidChange'>,
): Disposable {
  const changed = new EventEmitter<void>();
  const listeners = [
    workspace.onDidGrantWorkspaceTrust(() => changed.fire()),
    workspace.onDidChangeWorkspaceFolders(() => changed.fire()),
    onSettingChange(engineSettingIds, () => changed.fire()),
    servers.onDidChange(() => changed.fire()),
  ];
  const provider = lm.registerMcpServerDefinitionProvider(mcpProvider.id, {
    onDidChangeMcpServerDefinitions: changed.event,
    provideMcpServerDefinitions() {
      if (!workspace.isTrusted) return [];
      const folders = workspace.workspaceFolders ?? [];
      return folders.map(({ uri, name }) => {
        const label = folders.length > 1 ? `${mcpProvider.label}: ${name}` : mcpProvider.label;
        const { args, env } = serverStart(join(extensionPath, 'dist', 'cli.mjs'), engineSettings(), servers.all());
        // The tools are asked for anew when another version of them is installed.
        const version = String(extension.packageJSON.version);
        const server = new McpStdioServerDefinition(label, process.execPath, args, env, version);
        server.cwd = uri;
        return server;
      });
    },
  });
  return Disposable.from(changed, ...listeners, provider);
}

/** How the command line is started as the server, with the user's settings. */
function serverStart(
  cli: string,
  { threads, device, cacheFolder, modelFolder, memoryLimit }: EngineSettings,
  servers: readonly string[],
) {
  return {
    args: [
      ...[cli, 'mcp', '--device', device],
      ...(threads > 0 ? ['--threads', String(threads)] : []),
      ...(memoryLimit > 0 ? ['--memory-limit', `${memoryLimit}GB`] : []),
      ...servers.flatMap(origin => ['--allow-server', origin]),
    ],
    env: {
      // On the desktop the editor's executable is Electron; on a server it is Node itself.
      ...(process.versions.electron && { ELECTRON_RUN_AS_NODE: '1' }),
      ...(cacheFolder && { MULTI_LORA_CACHE: cacheFolder }),
      ...(modelFolder && { HF_HUB_CACHE: modelFolder }),
    },
  };
}
