import type { ExecCreateRequest } from '../../api/engine/containers.ts';
import type { OciProcess } from '../../api/oci-runtime.ts';
import type { Container } from '../../container/model.ts';
import { effectiveCapabilities, hostCapabilities } from '../../container/oci/capabilities.ts';
import { resourceLimits } from '../../container/oci/limits.ts';
import { capabilitySets, isEmptyHome, umaskOf } from '../../container/oci/spec.ts';
import type { ProcessUser } from '../../container/oci/user.ts';
import type { Runner } from '../../container/runner.ts';
import { conflict } from '../../core/errors.ts';
import type { AppArmor } from '../../host/apparmor.ts';
import type { EngineSettings } from '../settings.ts';
import type { LiveContainers } from './context.ts';
import { appArmorProfile } from './host-extras.ts';

/** What a further process of a container depends on besides the container. */
export interface ExecContext {
  readonly settings: Pick<EngineSettings, 'defaults'>;
  readonly host: { readonly appArmor: Pick<AppArmor, 'enabled'> };
  readonly runner: Pick<Runner, 'userIn'>;
  readonly live: Pick<LiveContainers, 'links'>;
}

/** The process that an exec of this container is: its user and environment come from the container unless given. */
export function execProcess(
  ctx: Pick<ExecContext, 'settings' | 'host'>,
  { definition }: Container,
  request: ExecCreateRequest,
  user: ProcessUser,
): OciProcess {
  const { process, security, limits, hostname } = definition.spec;
  const privileged = request.Privileged || security.privileged;
  const { granted } = effectiveCapabilities({ ...security.capabilities, privileged });
  return {
    terminal: Boolean(request.Tty),
    user: {
      uid: user.uid,
      gid: user.gid,
      ...umaskOf(process),
      additionalGids: user.additionalGids,
    },
    args: request.Cmd ?? [],
    env: execEnvironment(process.env, request, hostname, user.home ?? '/'),
    cwd: request.WorkingDir || process.directory || '/',
    capabilities: capabilitySets(granted, user.uid),
    ...resourceLimits(limits.ulimits, hostCapabilities().has('CAP_SYS_RESOURCE')).limits,
    noNewPrivileges: security.noNewPrivileges ?? ctx.settings.defaults.noNewPrivileges,
    ...(ctx.host.appArmor.enabled ? { apparmorProfile: appArmorProfile({ ...security, privileged }) } : {}),
  };
}

/**
 * Who an exec runs as: who was asked for, or the container's own user.
 * @throws BargeError invalid-parameter for a name that the container does not know; conflict when it has just ended.
 */
export async function execUser(
  ctx: Pick<ExecContext, 'runner' | 'live'>,
  { definition }: Container,
  asked: string | undefined,
): Promise<ProcessUser> {
  const link = ctx.live.links.get(definition.id);
  if (!link) throw conflict(`container ${definition.id} is not running`);
  return await ctx.runner.userIn(definition.id, link, {
    user: asked || definition.spec.process.user,
    groupAdd: definition.spec.process.groups,
  });
}

function execEnvironment(
  own: readonly string[],
  request: ExecCreateRequest,
  hostname: string,
  home: string,
): string[] {
  const asked = request.Env ?? [];
  const entries = new Map<string, string>();
  const add = (entry: string) => entries.set(entry.split('=', 1)[0] ?? '', entry);
  add('PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin');
  add(`HOSTNAME=${hostname}`);
  add(`HOME=${home}`);
  if (request.Tty) add('TERM=xterm');
  for (const entry of [...own, ...asked]) if (entry.includes('=') && !isEmptyHome(entry)) add(entry);
  return [...entries.values()];
}
