import type { ExecRequest } from '../../builder/worker.ts';
import type { ContainerDefaults } from '../../container/defaults.ts';
import type { ContainerDefinition } from '../../container/model.ts';
import { shortId } from '../../core/ids.ts';
import type { CgroupLayout } from '../../host/cgroups.ts';
import { resolvConf } from '../../network/resolv.ts';
import type { Sandbox } from '../../network/sandbox/sandboxes.ts';
import { cgroupnsMode } from '../lifecycle/merge-config.ts';
import type { StepMounts } from './mounts.ts';

/** A step of a build as the container that it is in all but name. */
export function stepDefinition(
  id: string,
  step: ExecRequest,
  { mounts, env }: StepMounts,
  defaults: ContainerDefaults,
  layout: CgroupLayout,
): ContainerDefinition {
  const { resources = {} } = step;
  const Privileged = step.security === 'insecure';
  return {
    id,
    name: `build-${shortId(id)}`,
    createdAt: Date.now(),
    imageName: '',
    imageId: '',
    layers: step.layers,
    config: {
      Hostname: shortId(id),
      Cmd: step.args,
      Env: [...step.env, ...env],
      User: step.user,
      WorkingDir: step.cwd,
    },
    hostConfig: {
      NetworkMode: step.network || 'bridge',
      LogConfig: { Type: 'none' },
      Privileged,
      CgroupnsMode: cgroupnsMode({ Privileged }, defaults, layout),
      ...(step.shmSize ? { ShmSize: step.shmSize } : {}),
      ...(resources.memory ? { Memory: resources.memory } : {}),
      ...(resources.memorySwap ? { MemorySwap: resources.memorySwap } : {}),
      ...(resources.cpuShares ? { CpuShares: resources.cpuShares } : {}),
      ...(resources.cpuPeriod ? { CpuPeriod: resources.cpuPeriod } : {}),
      ...(resources.cpuQuota ? { CpuQuota: resources.cpuQuota } : {}),
      ...(resources.cpusetCpus ? { CpusetCpus: resources.cpusetCpus } : {}),
      ...(resources.cpusetMems ? { CpusetMems: resources.cpusetMems } : {}),
      ...(resources.cgroupParent ? { CgroupParent: resources.cgroupParent } : {}),
      ...(resources.securityOpt ? { SecurityOpt: resources.securityOpt } : {}),
      ...(resources.ulimits ? { Ulimits: resources.ulimits } : {}),
    },
    networkingConfig: {},
    mounts,
  };
}

/** Its files of /etc. */
export function etcOf(id: string, step: ExecRequest, sandbox: Sandbox | undefined) {
  const name = shortId(id);
  const extra = (step.extraHosts ?? []).map((entry) => {
    const at = entry.search(/[:=]/);
    return `${entry.slice(at + 1)}\t${entry.slice(0, at)}\n`;
  });
  const [endpoint] = sandbox?.endpoints ?? [];
  const own = endpoint ? `${endpoint.ipv4 || endpoint.ipv6}\t${name}\n` : '';
  return {
    hostname: `${name}\n`,
    hosts: `127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n${extra.join('')}${own}`,
    resolvConf: resolvConf(
      { servers: [], search: [], options: [] },
      step.network === 'host' ? 'host' : endpoint && endpoint.network !== 'bridge' ? 'embedded' : 'bridge',
    ),
  };
}
