import type { BuildResources, ExecRequest } from '../../builder/worker.ts';
import { containerSpec } from '../../container/default-spec.ts';
import type { ContainerDefaults } from '../../container/defaults.ts';
import type { ContainerDefinition } from '../../container/model.ts';
import { parseNetworkMode } from '../../container/network-mode.ts';
import { parseSecurityOptions } from '../../container/oci/security-options.ts';
import type { Parts } from '../../container/parts.ts';
import type { LimitSpec } from '../../container/resource-spec.ts';
import type { SecuritySpec } from '../../container/spec.ts';
import { shortId } from '../../core/ids.ts';
import type { CgroupLayout } from '../../host/cgroups.ts';
import { resolvConf } from '../../network/resolv.ts';
import type { Sandbox } from '../../network/sandbox/sandboxes.ts';
import { cgroupNamespace } from '../lifecycle/namespaces.ts';
import type { StepMounts } from './mounts.ts';

/** A build step as the definition of a container. */
export function stepDefinition(
  id: string,
  step: ExecRequest,
  { mounts, env }: StepMounts,
  defaults: ContainerDefaults,
  layout: CgroupLayout,
): ContainerDefinition {
  const { resources = {} } = step;
  const privileged = step.security === 'insecure';
  return {
    id,
    name: `build-${shortId(id)}`,
    createdAt: Date.now(),
    imageName: '',
    imageId: '',
    layers: step.layers,
    spec: containerSpec({
      hostname: shortId(id),
      process: { command: step.args, env: [...step.env, ...env], user: step.user, directory: step.cwd },
      network: { mode: parseNetworkMode(step.network ?? '') },
      namespaces: { cgroup: { kind: cgroupNamespace(privileged, defaults, layout) } },
      security: securityOf(resources.securityOpt ?? [], privileged),
      limits: limitsOf(resources),
      ...(step.shmSize ? { storage: { shmSize: step.shmSize } } : {}),
      log: { driver: 'none' },
    }),
    mounts,
  };
}

function securityOf(words: readonly string[], privileged: boolean): Parts<SecuritySpec> {
  const { labels, unconfinedPaths, writableCgroups = privileged, ...options } = parseSecurityOptions(words);
  const open = privileged || unconfinedPaths ? { maskedPaths: [], readonlyPaths: [] } : {};
  return { ...options, ...open, privileged, writableCgroups };
}

function limitsOf({
  securityOpt,
  cpusetCpus,
  cpusetMems,
  ulimits,
  ...limits
}: BuildResources): Parts<LimitSpec> {
  return {
    ...limits,
    ...(cpusetCpus ? { cpus: cpusetCpus } : {}),
    ...(cpusetMems ? { memoryNodes: cpusetMems } : {}),
    ulimits: (ulimits ?? []).map(({ Name, Soft, Hard }) => ({ name: Name, soft: Soft, hard: Hard })),
  };
}

/** The step's files in /etc. */
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
