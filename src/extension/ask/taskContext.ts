import { commands, type Disposable } from 'vscode';
import { lacks, offeredTasks } from '../contributions/taskMenus.ts';
import type { Experts } from './experts.ts';
import { whoDoes } from './whoDoes.ts';

/** Takes tasks that nobody here can do out of the menus, as far as that is known: looking at it starts no engine. */
export function keepTaskContext(experts: Pick<Experts, 'known' | 'onDidChange'>): Disposable {
  const update = () => {
    const described = experts.known()?.described;
    for (const task of offeredTasks) {
      const isLacking = described !== undefined && 'reason' in whoDoes(task, '', described);
      void commands.executeCommand('setContext', lacks(task), isLacking);
    }
  };
  update();
  return experts.onDidChange(update);
}
