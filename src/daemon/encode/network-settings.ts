import type { ContainerInspect } from '../../api/engine/containers.ts';
import type { EndpointSettings, PortMap, PortSummary } from '../../api/engine/networks.ts';
import type { AttachedEndpoint } from '../../container/life/attachment.ts';
import { attachmentOf } from '../../container/life/state.ts';
import type { Container } from '../../container/model.ts';
import { dnsNames } from '../../engine/networking/networking.ts';
import { encodeEndpoint } from './endpoint.ts';

/** The `NetworkSettings` of `inspect`. */
export function networkSettings(container: Container): ContainerInspect['NetworkSettings'] {
  const attachment = attachmentOf(container.state);
  return {
    SandboxID: attachment?.sandbox.split('/').at(-1) ?? '',
    SandboxKey: attachment?.sandbox ?? '',
    Ports: attachment?.ports ?? {},
    Networks: networksOf(container),
  };
}

/** Networks that have no names of their own. */
const BUILT_IN = ['bridge', 'host', 'none'];

/** Every network that a container is on, with addresses while it runs. */
export function networksOf({ definition, state }: Container): Record<string, EndpointSettings> {
  const shown = Object.entries(definition.spec.network.endpoints).map(([name, asked]) => {
    const attached = attachmentOf(state)?.endpoints.find(({ network }) => network === name);
    const settings = {
      ...encodeEndpoint(asked),
      DNSNames: BUILT_IN.includes(name) ? null : dnsNames(definition, asked),
      ...(attached ? operational(attached) : {}),
    };
    return [name, settings] as const;
  });
  return Object.fromEntries(shown);
}

function operational(endpoint: AttachedEndpoint): EndpointSettings {
  return {
    MacAddress: endpoint.mac,
    EndpointID: endpoint.id,
    Gateway: endpoint.gateway4,
    IPAddress: endpoint.ipv4,
    IPPrefixLen: endpoint.prefix4,
    IPv6Gateway: endpoint.gateway6,
    GlobalIPv6Address: endpoint.ipv6,
    GlobalIPv6PrefixLen: endpoint.prefix6,
  };
}

/** The ports of a row of `ps`. */
export function portSummaries(ports: PortMap): PortSummary[] {
  return Object.entries(ports).flatMap(([name, bindings]): PortSummary[] => {
    const [port = '', type = 'tcp'] = name.split('/');
    const shared = { PrivatePort: Number(port), Type: type };
    if (!bindings?.length) return [shared];
    return bindings.map(({ HostIp, HostPort }) => ({
      IP: HostIp ?? '',
      ...shared,
      PublicPort: Number(HostPort),
    }));
  });
}
