import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemError, unavailable } from '../../core/errors.ts';
import type { LinkAddress, Links, Sysctl, Sysctls } from '../networking.ts';
import type { Processes } from '../process.ts';

interface Listed {
  readonly ifname: string;
  readonly linkinfo?: { readonly info_kind?: string };
  readonly addr_info?: readonly {
    readonly family: string;
    readonly local: string;
    readonly prefixlen: number;
  }[];
}

/** iproute2 has no exit status of its own for a kind of links that the kernel lacks. */
const UNKNOWN_KIND = /Unknown device type|Operation not supported/;

/** Links by iproute2. */
export class LinuxLinks implements Links {
  readonly #processes: Pick<Processes, 'capture' | 'run'>;

  constructor(processes: Pick<Processes, 'capture' | 'run'>) {
    this.#processes = processes;
  }

  async exists(name: string): Promise<boolean> {
    return existsSync(`/sys/class/net/${name}`);
  }

  async isBridge(name: string): Promise<boolean> {
    const { exitCode, stdout } = await this.#processes.capture('ip', ['-d', '-j', 'link', 'show', name]);
    if (exitCode !== 0) return false;
    return (JSON.parse(stdout) as Listed[])[0]?.linkinfo?.info_kind === 'bridge';
  }

  async batch(lines: readonly string[]): Promise<void> {
    await this.#processes.run('ip', ['-batch', '-'], { input: `${lines.join('\n')}\n` });
  }

  async add(line: string): Promise<void> {
    const { exitCode, stderr } = await this.#processes.capture('ip', line.split(' '));
    if (exitCode === 0) return;
    const message = `ip ${line} failed: ${stderr.trim()}`;
    throw UNKNOWN_KIND.test(stderr) ? unavailable(message) : systemError(message);
  }

  async remove(name: string): Promise<string | undefined> {
    const { exitCode, stderr } = await this.#processes.capture('ip', ['link', 'del', name]);
    return exitCode === 0 || !(await this.exists(name)) ? undefined : stderr.trim();
  }

  async addresses(): Promise<readonly LinkAddress[]> {
    const links = JSON.parse((await this.#processes.run('ip', ['-j', 'addr'])) || '[]') as Listed[];
    return links.flatMap(({ ifname, addr_info = [] }) =>
      addr_info.map(({ family, local, prefixlen }) => ({
        link: ifname,
        family: family === 'inet' ? (4 as const) : (6 as const),
        address: local,
        prefix: prefixlen,
      })),
    );
  }

  async routes(): Promise<readonly { readonly dst: string; readonly dev?: string }[]> {
    return JSON.parse((await this.#processes.run('ip', ['-j', 'route'])) || '[]');
  }
}

const IPV6 = '/proc/sys/net/ipv6/conf';

export const linuxSysctls: Sysctls = {
  write: async ({ path, value }: Sysctl) => await writeFile(join('/proc/sys', ...path), value),
  forwardIPv6: async () => {
    if (readFileSync(`${IPV6}/all/forwarding`, 'utf8').trim() === '1') return;
    for (const name of readdirSync(IPV6)) {
      const file = `${IPV6}/${name}/accept_ra`;
      if (readFileSync(file, 'utf8').trim() === '1') await writeFile(file, '2');
    }
    await writeFile(`${IPV6}/all/forwarding`, '1');
  },
};
