import type { Container, ContainerRunState } from '../../container/model.ts';
import { invalidParameter, messageOf, notFound } from '../../core/errors.ts';
import type { Endpoint } from '../../network/bridge.ts';
import type { HostConfig, PortMap } from '../../spec/engine.ts';
import type { ContainerContext } from './context.ts';
import { pidOf } from './namespaces.ts';

/** @throws BargeError not-found for networks that there are not, invalid-parameter without a bridge. */
export function checkNetworks(
  ctx: ContainerContext,
  host: HostConfig,
  endpoints: Readonly<Record<string, unknown>>,
): void {
  const mode = host.NetworkMode || 'default';
  const names = [mode, ...Object.keys(endpoints)];
  for (const name of names) {
    const known = ['default', 'bridge', 'none', 'host'].includes(name) || name.startsWith('container:');
    if (!known) throw notFound(`network ${name} not found`);
  }
  if (mode.startsWith('container:')) ctx.containers.find(mode.slice('container:'.length));
  if ((mode === 'default' || mode === 'bridge') && !ctx.bridge) {
    throw invalidParameter('this daemon runs with --bridge=none: use --network none or host');
  }
}

/** Takes what a container that starts needs of its network; undefined where it needs nothing. */
export async function connect(
  ctx: ContainerContext,
  { definition }: Container,
): Promise<Endpoint | undefined> {
  const { NetworkMode: mode } = definition.hostConfig;
  if (mode !== 'bridge' || definition.config.NetworkDisabled) return undefined;
  if (!ctx.bridge) throw invalidParameter('this daemon runs with --bridge=none: use --network none or host');
  const endpoint = definition.networkingConfig.EndpointsConfig?.bridge;
  const mac = endpoint?.MacAddress || definition.config.MacAddress;
  const address = endpoint?.IPAMConfig?.IPv4Address;
  return await ctx.bridge.connect({
    ...(address ? { address } : {}),
    ...(mac ? { mac } : {}),
    ports: portsToPublish(definition),
    holder: definition.name,
  });
}

/** The ports of `-p`, those of `-P`, and the merely exposed ones, which `ps` and `inspect` show too. */
function portsToPublish({ config, hostConfig }: Container['definition']): PortMap {
  const exposed = Object.keys(config.ExposedPorts ?? {});
  const anyPort = hostConfig.PublishAllPorts ? [{ HostIp: '', HostPort: '' }] : null;
  return {
    ...Object.fromEntries(exposed.map((port) => [port, anyPort])),
    ...withProtocol(hostConfig.PortBindings ?? {}),
  };
}

function withProtocol(ports: PortMap): PortMap {
  return Object.fromEntries(
    Object.entries(ports).map(([port, bindings]) => [port.includes('/') ? port : `${port}/tcp`, bindings]),
  );
}

/** The network namespace that the runtime puts the container into. */
export function networkNamespace(
  ctx: ContainerContext,
  { definition }: Container,
  endpoint: Endpoint | undefined,
): { networkNamespace?: string; privateNetwork: boolean } {
  const mode = definition.hostConfig.NetworkMode ?? 'bridge';
  if (endpoint) return { networkNamespace: endpoint.sandbox, privateNetwork: true };
  if (mode === 'host') return { privateNetwork: false };
  if (mode.startsWith('container:')) {
    return { networkNamespace: `/proc/${pidOf(ctx, mode)}/ns/net`, privateNetwork: false };
  }
  return { privateNetwork: true };
}

/** What the state of a running container says of its network. */
export function attachmentOf(endpoint: Endpoint | undefined): Pick<ContainerRunState, 'attachment'> {
  if (!endpoint) return {};
  const { sandbox, settings, ports } = endpoint;
  return { attachment: { network: 'bridge', sandbox, endpoint: settings, ports } };
}

/** The endpoint that a state tells of. */
export function endpointOf({ attachment }: ContainerRunState): Endpoint | undefined {
  return (
    attachment && { sandbox: attachment.sandbox, settings: attachment.endpoint, ports: attachment.ports }
  );
}

export async function disconnect(ctx: ContainerContext, endpoint: Endpoint): Promise<void> {
  await ctx.bridge?.disconnect(endpoint);
}

/** Gives back what an ended container held; its end waits for none of it. */
export function disconnectEnded(ctx: ContainerContext, { definition, state }: Container): void {
  const endpoint = endpointOf(state);
  if (!endpoint) return;
  disconnect(ctx, endpoint).catch((failure) =>
    ctx.warn('giving back a network endpoint failed', {
      container: definition.id,
      error: messageOf(failure),
    }),
  );
}

/** Takes over what a container holds that outlived the last daemon. */
export async function adoptEndpoint(
  ctx: ContainerContext,
  { definition, state }: Container,
): Promise<Endpoint | undefined> {
  const endpoint = endpointOf(state);
  if (!endpoint) return undefined;
  await ctx.bridge
    ?.adopt(endpoint, definition.name)
    .catch((error) =>
      ctx.warn('taking over published ports failed', { container: definition.id, error: messageOf(error) }),
    );
  return endpoint;
}
