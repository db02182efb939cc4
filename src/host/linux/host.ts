import { setTimeout as sleep } from 'node:timers/promises';
import { lockDirectory } from '../directory-lock.ts';
import type { Host } from '../host.ts';
import { LinuxAppArmor } from './apparmor.ts';
import { LinuxCgroups } from './cgroups.ts';
import { LinuxDatagrams } from './datagrams.ts';
import { LinuxFiles } from './files.ts';
import { linuxCompression } from './igzip.ts';
import { LinuxLinks, linuxSysctls } from './links.ts';
import { LinuxMounts } from './mounts.ts';
import { LinuxNamespaces } from './namespaces.ts';
import { LinuxNftables } from './nftables.ts';
import { makePrivate } from './private-directory.ts';
import { LinuxProcessTable } from './process-table.ts';
import { LinuxProcesses } from './processes.ts';
import { LinuxRuntimes } from './runtimes.ts';

/** The machine that this process runs on, as root uses it. */
export function linuxHost(): Host {
  const processes = new LinuxProcesses();
  const cgroups = new LinuxCgroups();
  return {
    processes,
    processTable: new LinuxProcessTable(),
    cgroups,
    files: new LinuxFiles(processes),
    mounts: new LinuxMounts(processes),
    namespaces: new LinuxNamespaces(processes),
    links: new LinuxLinks(processes),
    nftables: new LinuxNftables(processes),
    sysctls: linuxSysctls,
    ownership: { makePrivate, lockDirectory },
    appArmor: new LinuxAppArmor(processes),
    runtimes: new LinuxRuntimes(processes, cgroups),
    datagrams: new LinuxDatagrams(),
    compression: linuxCompression(processes),
    clock: { now: Date.now, sleep: async (milliseconds) => await sleep(milliseconds) },
  };
}
