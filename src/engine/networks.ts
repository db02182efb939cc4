import { digestOf, hexOf } from '../core/digest.ts';
import { forbidden, invalidParameter, notFound } from '../core/errors.ts';
import { formatAddress, formatSubnet } from '../network/ipv4.ts';
import type { Engine } from './engine.ts';

const PREDEFINED = ['bridge', 'host', 'none'] as const;

/** An id that stays the same over restarts. */
export function networkId(engine: Pick<Engine, 'dataRoot'>, name: string): string {
  return hexOf(digestOf(`${engine.dataRoot} ${name}`));
}

function describe(engine: Engine, name: (typeof PREDEFINED)[number], withContainers: boolean) {
  const { bridge } = engine;
  const config =
    name === 'bridge' && bridge
      ? [{ Subnet: formatSubnet(bridge.subnet), Gateway: formatAddress(bridge.gateway) }]
      : [];
  return {
    Name: name,
    Id: networkId(engine, name),
    Created: '2026-01-01T00:00:00Z',
    Scope: 'local',
    Driver: name === 'none' ? 'null' : name,
    EnableIPv4: true,
    EnableIPv6: false,
    IPAM: { Driver: 'default', Options: null, Config: config },
    Internal: false,
    Attachable: false,
    Ingress: false,
    ConfigFrom: { Network: '' },
    ConfigOnly: false,
    Containers: withContainers ? containersOn(engine, name) : {},
    Options: name === 'bridge' && bridge ? { 'com.docker.network.bridge.name': bridge.name } : {},
    Labels: {},
  };
}

function containersOn(engine: Engine, name: string): Record<string, unknown> {
  const found = engine.containers.list().filter(({ state }) => state.attachment?.network === name);
  return Object.fromEntries(
    found.map(({ definition, state }) => [
      definition.id,
      {
        Name: definition.name,
        EndpointID: '',
        MacAddress: state.attachment?.endpoint.MacAddress ?? '',
        IPv4Address: `${state.attachment?.endpoint.IPAddress}/${state.attachment?.endpoint.IPPrefixLen}`,
        IPv6Address: '',
      },
    ]),
  );
}

export function listNetworks(engine: Engine, names: readonly string[]) {
  return PREDEFINED.filter((name) => name !== 'bridge' || engine.bridge)
    .filter((name) => names.length === 0 || names.some((wanted) => name.includes(wanted)))
    .map((name) => describe(engine, name, false));
}

/** By name, id, or the start of an id. @throws BargeError not-found. */
export function inspectNetwork(engine: Engine, word: string) {
  const name = PREDEFINED.find((n) => n === word || networkId(engine, n).startsWith(word));
  if (!name || (name === 'bridge' && !engine.bridge)) throw notFound(`network ${word} not found`);
  return describe(engine, name, true);
}

export function refuseCreation(name: string): never {
  if ((PREDEFINED as readonly string[]).includes(name)) {
    throw forbidden(`operation is not permitted on predefined ${name} network`);
  }
  throw invalidParameter(
    `creating the network ${name} is not possible: this version of Barge has the networks bridge, host and none only`,
  );
}
