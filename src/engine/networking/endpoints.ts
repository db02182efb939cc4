import type { PortMap } from '../../api/engine/networks.ts';
import type { Attachment } from '../../container/life/attachment.ts';
import { attachmentOf } from '../../container/life/state.ts';
import type { Container, ContainerDefinition } from '../../container/model.ts';
import type { PortSpec } from '../../container/network-spec.ts';
import { messageOf } from '../../core/errors.ts';
import type { Networks } from '../../network/networks.ts';
import type { Sandbox } from '../../network/sandbox/sandboxes.ts';
import type { NetworkStore } from '../../network/store.ts';
import type { EventBus } from '../events.ts';
import type { ContainerContext } from '../lifecycle/context.ts';
import { type PidContext, pidOf } from '../lifecycle/namespaces.ts';
import type { EtcChangeContext } from './etc-change.ts';
import { updateEtcFiles } from './etc-files.ts';
import { requestsOf } from './networking.ts';
import { needsNames, registerNames, viewOf } from './resolution.ts';

type NameContext = Pick<ContainerContext, 'networks' | 'settings'>;
export type AdoptSandboxContext = NameContext &
  EtcChangeContext &
  Pick<ContainerContext, 'containers' | 'life'>;

/** What reporting a network event needs. */
interface NetworkEvents {
  readonly events: Pick<EventBus, 'emit'>;
  readonly networks: { readonly store: Pick<NetworkStore, 'byName'> };
}

interface DisconnectContext extends NetworkEvents {
  readonly networks: NetworkEvents['networks'] & Pick<Networks, 'release'>;
}

/** Takes what a container that starts needs of its networks; undefined where it needs nothing. */
export async function connect(
  ctx: NameContext & Pick<ContainerContext, 'events'>,
  { definition }: Container,
): Promise<Attachment | undefined> {
  /* Without a default network, who asks for no other has none: so does docker. */
  const requests = requestsOf(definition).filter(
    ({ network }) => network !== 'bridge' || ctx.networks.hasDefault,
  );
  if (requests.length === 0) return undefined;
  const sandbox = await ctx.networks.sandboxes.attach(requests);
  try {
    const ports = await ctx.networks.publish(sandbox, portsToPublish(definition.spec.ports), definition.name);
    const attachment = { sandbox: sandbox.path, endpoints: sandbox.endpoints, ports };
    registerNames(ctx, definition, attachment.endpoints);
    const names = needsNames(sandbox.endpoints)
      ? await ctx.networks.serveNames(sandbox, viewOf(ctx, definition, sandbox))
      : undefined;
    for (const { network } of sandbox.endpoints) emitNetwork(ctx, 'connect', network, definition.id);
    return { ...attachment, ...(names ? { names } : {}) };
  } catch (error) {
    await ctx.networks.release(sandbox);
    throw error;
  }
}

/** The ports of `-p`, those of `-P`, and the merely exposed ones, which `ps` and `inspect` show too. */
export function portsToPublish({ exposed, published, publishAll }: PortSpec): PortMap {
  const anyPort = publishAll ? [{ HostIp: '', HostPort: '' }] : null;
  const chosen = Object.entries(published).map(([name, places]) => [
    withProtocol(name),
    places.length > 0 ? places.map(({ address, port }) => ({ HostIp: address, HostPort: port })) : null,
  ]);
  return {
    ...Object.fromEntries(exposed.map((port) => [withProtocol(port), anyPort])),
    ...Object.fromEntries(chosen),
  };
}

const withProtocol = (port: string) => (port.includes('/') ? port : `${port}/tcp`);

/** The network namespace that the runtime puts the container into. */
export function networkNamespace(
  ctx: PidContext,
  { definition }: Container,
  attachment: Attachment | undefined,
): { networkNamespace?: string; privateNetwork: boolean } {
  const { mode } = definition.spec.network;
  if (attachment) return { networkNamespace: attachment.sandbox, privateNetwork: true };
  if (mode.kind === 'host') return { privateNetwork: false };
  if (mode.kind === 'container') {
    return {
      networkNamespace: `/proc/${pidOf(ctx, mode.container, 'network')}/ns/net`,
      privateNetwork: false,
    };
  }
  return { privateNetwork: true };
}

export const sandboxOf = ({ sandbox, endpoints }: Attachment): Sandbox => ({ path: sandbox, endpoints });

/** Gives everything back that `connect` took. */
export async function disconnect(
  ctx: DisconnectContext,
  { definition }: Container,
  attachment: Attachment,
): Promise<void> {
  for (const { network } of attachment.endpoints) emitNetwork(ctx, 'disconnect', network, definition.id);
  await ctx.networks.release(sandboxOf(attachment));
}

/** Returns the network of a container that has ended; its end waits for none of it. */
export function disconnectEnded(
  ctx: DisconnectContext & Pick<ContainerContext, 'warn'>,
  container: Container,
  attachment: Attachment,
): void {
  disconnect(ctx, container, attachment).catch((failure) =>
    ctx.warn('returning a network endpoint failed', {
      container: container.definition.id,
      error: messageOf(failure),
    }),
  );
}

/** Takes over what a container holds that outlived the last daemon. */
export async function adoptSandbox(
  ctx: AdoptSandboxContext,
  { definition, state }: Container,
): Promise<Sandbox | undefined> {
  const attachment = attachmentOf(state);
  if (!attachment) return undefined;
  const sandbox = sandboxOf(attachment);
  const warn = (what: string) => (error: unknown) =>
    ctx.warn(what, { container: definition.id, error: messageOf(error) });
  ctx.networks.adopt(sandbox);
  if (attachment.changing)
    await reconcile(ctx, definition, attachment).catch(warn('mending a network namespace failed'));
  registerNames(ctx, definition, attachment.endpoints);
  if (attachment.names) {
    await ctx.networks
      .serveNames(sandbox, viewOf(ctx, definition, sandbox), attachment.names)
      .then((names) => noteNames(ctx, definition.id, names))
      .catch(warn('serving names again failed'));
  }
  await ctx.networks
    .publish(sandbox, attachment.ports, definition.name)
    .catch(warn('taking over published ports failed'));
  return sandbox;
}

async function reconcile(
  ctx: Pick<ContainerContext, 'life' | 'networks' | 'settings'> & EtcChangeContext,
  definition: ContainerDefinition,
  attachment: Attachment,
): Promise<void> {
  await ctx.networks.sandboxes.reconcile(sandboxOf(attachment));
  const { changing, ...rest } = attachment;
  /* Lines that are there already come again, and once. */
  const { endpoints, names } = rest;
  await updateEtcFiles(ctx, definition, { left: endpoints, joined: endpoints, namesOpened: Boolean(names) });
  await ctx.life.dispatch(definition.id, { type: 'network-kept', attachment: rest });
}

async function noteNames(
  ctx: Pick<ContainerContext, 'containers' | 'life'>,
  id: string,
  names: NonNullable<Attachment['names']>,
): Promise<void> {
  const attachment = attachmentOf(ctx.containers.get(id).state);
  const same = attachment?.names?.udp === names.udp && attachment.names.tcp === names.tcp;
  if (!attachment || same) return;
  await ctx.life.dispatch(id, { type: 'network-kept', attachment: { ...attachment, names } });
}

/** @param network name of one that may have gone meanwhile. */
export function emitNetwork(ctx: NetworkEvents, action: string, network: string, container?: string): void {
  const definition = ctx.networks.store.byName(network);
  if (!definition) return;
  ctx.events.emit('network', action, definition.id, {
    ...(container ? { container } : {}),
    name: network,
    type: definition.driver,
  });
}

/** Names of the networks that a container is on, whether it runs or not. */
export const networkNamesOf = ({ definition }: Container) => Object.keys(definition.spec.network.endpoints);
