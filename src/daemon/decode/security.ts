import type { HostConfig } from '../../api/engine/containers.ts';
import { MASKED_PATHS, READONLY_PATHS } from '../../container/kernel-paths.ts';
import { fullName } from '../../container/oci/capabilities.ts';
import { parseSecurityOptions } from '../../container/oci/security-options.ts';
import type { SecuritySpec } from '../../container/spec.ts';

/** @throws BargeError invalid-parameter for unknown security options. */
export function securityOf(host: HostConfig): SecuritySpec {
  const privileged = host.Privileged ?? false;
  const options = parseSecurityOptions(host.SecurityOpt ?? []);
  const open = privileged || options.unconfinedPaths;
  return {
    privileged,
    capabilities: {
      add: (host.CapAdd ?? []).map(fullName),
      drop: (host.CapDrop ?? []).map(fullName),
    },
    ...(options.noNewPrivileges === undefined ? {} : { noNewPrivileges: options.noNewPrivileges }),
    seccomp: options.seccomp,
    appArmor: options.appArmor,
    writableCgroups: options.writableCgroups ?? privileged,
    maskedPaths: open ? [] : (host.MaskedPaths ?? MASKED_PATHS),
    readonlyPaths: open ? [] : (host.ReadonlyPaths ?? READONLY_PATHS),
  };
}
