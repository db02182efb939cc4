import { existsSync, readFileSync } from 'node:fs';
import { messageOf, systemError } from '../../core/errors.ts';
import { type AppArmor, DEFAULT_PROFILE } from '../apparmor.ts';
import type { Processes } from '../process.ts';

/** Without the program that loads profiles AppArmor counts as absent, as with Docker. */
const PARSERS = ['/sbin/apparmor_parser', '/usr/sbin/apparmor_parser'];

export class LinuxAppArmor implements AppArmor {
  readonly #processes: Pick<Processes, 'run'>;
  #enabled: boolean | undefined;

  constructor(processes: Pick<Processes, 'run'>) {
    this.#processes = processes;
  }

  get enabled(): boolean {
    this.#enabled ??=
      readText('/sys/module/apparmor/parameters/enabled').trim() === 'Y' &&
      PARSERS.some((path) => existsSync(path));
    return this.#enabled;
  }

  async assertProfile(name: string): Promise<void> {
    if (isLoaded(name)) return;
    if (name !== DEFAULT_PROFILE) {
      throw systemError(`AppArmor profile ${name} is not loaded: load it with apparmor_parser`);
    }
    const parser = PARSERS.find((path) => existsSync(path)) ?? 'apparmor_parser';
    try {
      await this.#processes.run(parser, ['-Kr'], { input: PROFILE });
    } catch (error) {
      throw systemError(
        `AppArmor is enabled on this host, but its profile ${name} could not be loaded (${messageOf(error)}): ` +
          'mend it, or use --security-opt apparmor=unconfined',
        { cause: error },
      );
    }
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function isLoaded(name: string): boolean {
  const lines = readText('/sys/kernel/security/apparmor/profiles').split('\n');
  return lines.some((line) => line.startsWith(`${name} (`));
}

/**
 * The second line behind namespaces, capabilities and read-only mounts: no mounting, and no way to the kernel's
 * memory, its settings and the hardware even for a process that got hold of them.
 */
const PROFILE = `#include <tunables/global>

profile ${DEFAULT_PROFILE} flags=(attach_disconnected,mediate_deleted) {
  #include <abstractions/base>

  capability,
  file,
  network,
  umount,
  deny mount,

  signal (receive) peer=unconfined,
  signal (receive) peer={crun,runc},
  signal (send, receive) peer=${DEFAULT_PROFILE},
  ptrace (read, readby, trace, tracedby) peer=${DEFAULT_PROFILE},

  deny @{PROC}/{kcore,kmem,mem,sysrq-trigger} rwklx,
  deny @{PROC}/{acpi,bus,fs,irq,scsi}/** wklx,
  deny @{PROC}/sys/{debug,dev,fs,vm}/** wklx,
  deny @{PROC}/sys/kernel/{core_pattern,hotplug,modprobe,poweroff_cmd,usermodehelper/**,yama/**} wklx,
  deny /sys/{firmware,kernel/security,devices/virtual/powercap}/** rwklx,
  deny /sys/{block,bus,class,dev,devices,fs/bpf,kernel,module,power}/** wklx,
}
`;
