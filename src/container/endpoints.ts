import type { EndpointSpec, NetworkMode } from './network-spec.ts';
import type { ContainerSpec } from './spec.ts';

/** The name of the network that the mode stands for; undefined: another container's namespace. */
export function networkOf(mode: NetworkMode): string | undefined {
  if (mode.kind === 'container') return undefined;
  return mode.kind === 'named' ? mode.name : mode.kind;
}

/** The spec with these endpoints: that of the mode's own network first, then by name. */
export function withEndpoints(
  spec: ContainerSpec,
  endpoints: Readonly<Record<string, EndpointSpec>>,
): ContainerSpec {
  const first = networkOf(spec.network.mode);
  const rank = (name: string) => (name === first ? 0 : 1);
  const names = Object.keys(endpoints).sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  const sorted = Object.fromEntries(names.map((name) => [name, endpoints[name] as EndpointSpec]));
  return { ...spec, network: { ...spec.network, endpoints: sorted } };
}
