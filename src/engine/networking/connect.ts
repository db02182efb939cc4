import type { PortMap } from '../../api/engine/networks.ts';
import { withEndpoints } from '../../container/endpoints.ts';
import type { Attachment } from '../../container/life/attachment.ts';
import { attachmentOf, isLeaving, isRunning } from '../../container/life/state.ts';
import type { Container, ContainerDefinition } from '../../container/model.ts';
import type { EndpointSpec } from '../../container/network-spec.ts';
import type { ContainerStore } from '../../container/store.ts';
import { forbidden, invalidParameter, isKind, systemError } from '../../core/errors.ts';
import type { NetworkDefinition } from '../../network/model.ts';
import type { Networks } from '../../network/networks.ts';
import type { Sandbox } from '../../network/sandbox/sandboxes.ts';
import type { ContainerContext } from '../lifecycle/context.ts';
import type { Apply } from '../lifecycle/perform.ts';
import { emitNetwork, portsToPublish, sandboxOf } from './endpoints.ts';
import type { EtcChangeContext } from './etc-change.ts';
import { updateEtcFiles } from './etc-files.ts';
import { assertEndpoint } from './network-check.ts';
import { endpointRequest, hasFixedNetwork } from './networking.ts';
import { needsNames, registerNames, viewOf } from './resolution.ts';

type SettleContext = Pick<ContainerContext, 'containers' | 'networks' | 'settings'> & EtcChangeContext;
type ConnectContext = SettleContext & Pick<ContainerContext, 'events' | 'life'>;

/**
 * Puts a container on one more network, now if it runs, else at its next start.
 * @throws BargeError forbidden when it is on it already, or can be on no other network than it is.
 */
export async function connectContainer(
  ctx: ConnectContext,
  networkRef: string,
  containerRef: string,
  settings: EndpointSpec,
): Promise<void> {
  const network = ctx.networks.find(networkRef);
  const { id } = ctx.containers.find(containerRef).definition;
  /* The queue is held while the kernel changes: an end that comes meanwhile finds what is to be returned. */
  await ctx.life.run(id, async (apply) => {
    const container = ctx.containers.get(id);
    assertConnectable(container, network);
    assertEndpoint(network, settings);
    const { definition, state } = container;
    const configs = {
      ...definition.spec.network.endpoints,
      [network.name]: { ...settings, networkId: network.id },
    };
    const changed = { ...definition, spec: withEndpoints(definition.spec, configs) };
    const attachment = attachmentOf(state);
    if (!attachment) {
      ctx.containers.setDefinition(id, { spec: changed.spec });
      return;
    }
    await apply({ type: 'network-changing' });
    await undoing(apply, attachment, async () => {
      const request = endpointRequest(definition.spec, network.name, settings);
      const sandbox = await ctx.networks.sandboxes.join(sandboxOf(attachment), request);
      try {
        await settle(ctx, apply, changed, attachment, sandbox);
      } catch (error) {
        await ctx.networks.sandboxes.leave(sandbox, network.name);
        throw error;
      }
    });
    emitNetwork(ctx, 'connect', network.name, id);
  });
}

/** Records again what was, when a change has failed and was undone. */
async function undoing(apply: Apply, attachment: Attachment, change: () => Promise<void>): Promise<void> {
  try {
    await change();
  } catch (error) {
    await apply({ type: 'network-kept', attachment });
    throw error;
  }
}

function assertConnectable({ definition, state }: Container, network: NetworkDefinition): void {
  if (network.name === 'host') {
    throw forbidden('container cannot be disconnected from host network or connected to host network');
  }
  const { mode, endpoints } = definition.spec.network;
  if (mode.kind === 'host' || mode.kind === 'container') {
    throw forbidden(
      'container sharing network namespace with another container or host cannot be connected to any other network',
    );
  }
  if (network.name === 'none' || hasFixedNetwork(definition)) {
    throw forbidden(
      'container cannot be connected to multiple networks with one of the networks in private (none) mode',
    );
  }
  if (isLeaving(state)) {
    throw forbidden(
      `container ${definition.id} is marked for removal and cannot be connected or disconnected to the network`,
    );
  }
  if (isRunning(state) && network.name in endpoints) {
    throw forbidden(`endpoint with name ${definition.name} already exists in network ${network.name}`);
  }
}

/**
 * Takes a container off a network, now if it runs.
 * @param force a container that is gone already is no error.
 */
export async function disconnectContainer(
  ctx: ConnectContext,
  networkRef: string,
  containerRef: string,
  force: boolean,
): Promise<void> {
  const network = ctx.networks.find(networkRef);
  const found = findUnless(ctx, containerRef, force);
  if (!found) return;
  const { id } = found.definition;
  await ctx.life.run(id, async (apply) => {
    const { definition, state } = ctx.containers.get(id);
    if (network.name === 'host') {
      throw forbidden('container cannot be disconnected from host network or connected to host network');
    }
    const { [network.name]: config, ...left } = definition.spec.network.endpoints;
    if (!config || hasFixedNetwork(definition)) {
      throw systemError(`container ${id} is not connected to network ${network.name}`);
    }
    const changed = { ...definition, spec: withEndpoints(definition.spec, left) };
    const attachment = attachmentOf(state);
    if (!attachment) {
      ctx.containers.setDefinition(id, { spec: changed.spec });
      return;
    }
    await apply({ type: 'network-changing' });
    const sandbox = await ctx.networks.sandboxes.leave(sandboxOf(attachment), network.name);
    await settle(ctx, apply, changed, attachment, sandbox);
    emitNetwork(ctx, 'disconnect', network.name, id);
  });
}

function findUnless(
  ctx: { readonly containers: Pick<ContainerStore, 'find'> },
  ref: string,
  force: boolean,
): Container | undefined {
  try {
    return ctx.containers.find(ref);
  } catch (error) {
    if (force && isKind(error, 'not-found')) return undefined;
    throw error;
  }
}

/** Brings names, ports, files and the recorded state in line with a sandbox that has changed. */
async function settle(
  ctx: SettleContext,
  apply: Apply,
  definition: ContainerDefinition,
  before: Attachment,
  sandbox: Sandbox,
): Promise<void> {
  const joined = sandbox.endpoints.find(({ id }) => !before.endpoints.some((one) => one.id === id));
  const left = before.endpoints.find(({ id }) => !sandbox.endpoints.some((one) => one.id === id));
  registerNames(ctx, definition, sandbox.endpoints);
  const view = viewOf(ctx, definition, sandbox);
  ctx.networks.names.change(sandbox.path, view);
  const opens = needsNames(sandbox.endpoints) && !before.names;
  const names = opens ? await ctx.networks.serveNames(sandbox, view) : before.names;
  const ports = await publishAgain(ctx, definition, before, sandbox);
  const attachment = {
    sandbox: sandbox.path,
    endpoints: sandbox.endpoints,
    ports,
    ...(names ? { names } : {}),
  };
  /* A daemon that was killed in between finds the change under way, and brings the files in line with the endpoints it knows. */
  if (left) await updateEtcFiles(ctx, definition, { left: [left], namesOpened: false });
  /* Others may have changed the links meanwhile. */
  const { spec } = ctx.containers.get(definition.id).definition;
  const { endpoints } = definition.spec.network;
  const record = { spec: withEndpoints(spec, endpoints) };
  if (!joined) {
    await apply({ type: 'network-changed', attachment }, record);
    return;
  }
  await apply({ type: 'network-changed', attachment: { ...attachment, changing: true } }, record);
  await updateEtcFiles(ctx, definition, { joined: [joined], namesOpened: opens });
  await apply({ type: 'network-kept', attachment });
}

/** Published ports follow the default route; the host's ports stay the same. */
async function publishAgain(
  ctx: { readonly networks: Pick<Networks, 'publish' | 'withdraw'> },
  definition: Container['definition'],
  before: Attachment,
  sandbox: Sandbox,
): Promise<PortMap> {
  const wanted = portsToPublish(definition.spec.ports);
  const isPublished = Object.values(wanted).some((bindings) => bindings?.length);
  if (!isPublished) return before.ports;
  const kept = Object.entries(wanted).map(([port, bindings]) => [port, before.ports[port] ?? bindings]);
  await ctx.networks.withdraw(sandbox);
  return await ctx.networks.publish(sandbox, Object.fromEntries(kept), definition.name);
}

/** @throws BargeError invalid-parameter when a body names no container. */
export function containerOf(body: { readonly Container: string }): string {
  if (body.Container === '') {
    throw invalidParameter('a container is needed: name it in the member Container');
  }
  return body.Container;
}
