import { DEFAULT_ENDPOINT } from '../../container/default-spec.ts';
import type { AttachedEndpoint } from '../../container/life/attachment.ts';
import type { ContainerDefinition } from '../../container/model.ts';
import type { NameView } from '../../network/dns/server.ts';
import type { Networks } from '../../network/networks.ts';
import { upstreamServers } from '../../network/resolv.ts';
import type { Sandbox } from '../../network/sandbox/sandboxes.ts';
import type { EngineSettings } from '../settings.ts';
import { dnsOptions } from './dns-options.ts';
import { dnsNames, linkedNames } from './networking.ts';

/** The directory that the name servers of containers look names up in. */
export interface DirectoryContext {
  readonly networks: {
    readonly names: { readonly directory: Pick<Networks['names']['directory'], 'set'> };
  };
}

interface ViewContext {
  readonly networks: Pick<Networks, 'order' | 'leadsOut'>;
  readonly settings: Pick<EngineSettings, 'defaults'>;
}

/** The name server is for user-defined networks; the default bridge has none. */
export const needsNames = (endpoints: readonly Pick<AttachedEndpoint, 'network'>[]) =>
  endpoints.some(({ network }) => network !== 'bridge');

/** Makes a container known to the others on its networks. */
export function registerNames(
  ctx: DirectoryContext,
  definition: ContainerDefinition,
  endpoints: readonly AttachedEndpoint[],
): void {
  for (const { id, network, ipv4, ipv6 } of endpoints) {
    if (network === 'bridge') continue;
    const asked = definition.spec.network.endpoints[network] ?? DEFAULT_ENDPOINT;
    const names = dnsNames(definition, asked);
    ctx.networks.names.directory.set(id, { network, names, ipv4, ipv6 });
  }
}

/** The names that a container's name server resolves for it. Without a route out, names of the outside world have no answer. */
export function viewOf(ctx: ViewContext, definition: ContainerDefinition, sandbox: Sandbox): NameView {
  const { networks } = ctx;
  return {
    networks: networks.order(sandbox).filter((name) => name !== 'bridge'),
    links: linkedNames(definition),
    servers: networks.leadsOut(sandbox)
      ? upstreamServers(dnsOptions(ctx.settings, definition.spec.names).servers)
      : [],
  };
}
