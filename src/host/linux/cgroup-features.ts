import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../../core/errors.ts';
import type { CgroupFeatures } from '../cgroup-features.ts';
import { CGROUP_ROOT } from './cgroup-root.ts';

/** @param parent the cgroup that containers are made below, as a path from the root of every hierarchy. */
export function readFeatures(v2: boolean, parent: string): CgroupFeatures {
  return v2 ? unified(parent) : legacy(parent);
}

function text(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : '';
}

function legacy(parent: string): CgroupFeatures {
  const has = (controller: string, file: string) => {
    const root = join(CGROUP_ROOT, controller);
    if (!existsSync(root)) return false;
    mkdirSync(join(root, parent), { recursive: true });
    return existsSync(join(root, parent, file));
  };
  return {
    memory: has('memory', 'memory.limit_in_bytes'),
    memorySwap: has('memory', 'memory.memsw.limit_in_bytes'),
    memoryReservation: has('memory', 'memory.soft_limit_in_bytes'),
    swappiness: has('memory', 'memory.swappiness'),
    oomKillDisable: has('memory', 'memory.oom_control'),
    cpuShares: has('cpu', 'cpu.shares'),
    cpuCfs: has('cpu', 'cpu.cfs_quota_us'),
    cpuRealtime: has('cpu', 'cpu.rt_runtime_us'),
    cpuset: has('cpuset', 'cpuset.cpus'),
    pids: has('pids', 'pids.max'),
    /* Runtimes know no other name of these files on v1, so bfq's do not count. */
    blkioWeight: has('blkio', 'blkio.weight'),
    blkioWeightDevice: has('blkio', 'blkio.weight_device'),
    blkioThrottle: has('blkio', 'blkio.throttle.read_bps_device'),
    cpus: text(join(CGROUP_ROOT, 'cpuset/cpuset.cpus')),
    mems: text(join(CGROUP_ROOT, 'cpuset/cpuset.mems')),
  };
}

/** v2's root cgroup has no limits: its list of controllers tells, and the parent has their files. */
function unified(parent: string): CgroupFeatures {
  const controllers = text(join(CGROUP_ROOT, 'cgroup.controllers')).split(' ');
  const has = (name: string) => controllers.includes(name);
  const memory = has('memory');
  const shown = (file: string) => existsSync(join(CGROUP_ROOT, parent, file));
  switchOn(parent, ['memory', 'io'].filter(has));
  return {
    memory,
    memorySwap: memory && (!shown('memory.max') || shown('memory.swap.max')),
    memoryReservation: memory,
    swappiness: false,
    oomKillDisable: false,
    cpuShares: has('cpu'),
    cpuCfs: has('cpu'),
    cpuRealtime: false,
    cpuset: has('cpuset'),
    pids: has('pids'),
    blkioWeight: shown('io.weight') || shown('io.bfq.weight'),
    blkioWeightDevice: shown('io.weight') || shown('io.bfq.weight'),
    blkioThrottle: has('io'),
    cpus: text(join(CGROUP_ROOT, 'cpuset.cpus.effective')),
    mems: text(join(CGROUP_ROOT, 'cpuset.mems.effective')),
  };
}

/** Makes the parent and switches controllers on for it, as runtimes do for every container's cgroup. */
function switchOn(parent: string, controllers: readonly string[]): void {
  mkdirSync(join(CGROUP_ROOT, parent), { recursive: true });
  const parts = parent.split('/').filter(Boolean);
  for (let depth = 0; depth < parts.length; depth++) {
    const control = join(CGROUP_ROOT, ...parts.slice(0, depth), 'cgroup.subtree_control');
    for (const name of controllers) {
      try {
        writeFileSync(control, `+${name}`);
      } catch (error) {
        /* Somebody else decides here: what cannot be switched on shows as missing. */
        if (!['EBUSY', 'ENOENT', 'EPERM', 'EACCES', 'EROFS'].includes(errnoOf(error) ?? '')) throw error;
      }
    }
  }
}
