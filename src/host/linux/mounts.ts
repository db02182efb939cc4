import { helperProgram } from '../helpers.ts';
import type { DeviceMount, Mounts } from '../host.ts';
import type { Processes } from '../process.ts';

export class LinuxMounts implements Mounts {
  readonly #processes: Pick<Processes, 'capture' | 'run'>;

  constructor(processes: Pick<Processes, 'capture' | 'run'>) {
    this.#processes = processes;
  }

  async mountDevice({ device, type, flags, data }: DeviceMount, target: string): Promise<string | undefined> {
    const args = ['--device', device, '--type', type, '--flags', `${flags}`, '--data', data];
    const { exitCode, stderr } = await this.#processes.capture(helperProgram('barge-fs'), [
      'mount',
      '--root',
      target,
      ...args,
    ]);
    return exitCode === 0 ? undefined : stderr.trim();
  }

  async mountTmpfs(options: string, target: string): Promise<void> {
    await this.#processes.run('mount', ['-t', 'tmpfs', '-o', options, 'shm', target]);
  }

  async share(directory: string): Promise<void> {
    await this.#processes.run('mount', ['--bind', directory, directory]);
    await this.#processes.run('mount', ['--make-private', directory]);
    await this.#processes.run('mount', ['--make-shared', directory]);
  }

  async unmount(target: string): Promise<void> {
    await this.#processes.capture('umount', ['--lazy', target]);
  }
}
