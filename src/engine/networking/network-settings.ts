import type { ContainerInspect, EndpointSettings, PortMap, PortSummary } from '../../api/engine.ts';
import type { AttachedEndpoint } from '../../container/life/attachment.ts';
import { attachmentOf } from '../../container/life/state.ts';
import type { Container } from '../../container/model.ts';
import { dnsNames, endpointConfigs } from './networking.ts';

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

const NO_ENDPOINT: EndpointSettings = {
  IPAMConfig: null,
  Links: null,
  Aliases: null,
  MacAddress: '',
  DriverOpts: null,
  GwPriority: 0,
  NetworkID: '',
  EndpointID: '',
  Gateway: '',
  IPAddress: '',
  IPPrefixLen: 0,
  IPv6Gateway: '',
  GlobalIPv6Address: '',
  GlobalIPv6PrefixLen: 0,
  DNSNames: null,
};

/** Every network that a container is on, with addresses while it runs. */
export function networksOf({ definition, state }: Container): Record<string, EndpointSettings> {
  const configs = Object.entries(endpointConfigs(definition));
  return Object.fromEntries(
    configs.map(([name, settings]) => {
      const endpoint = attachmentOf(state)?.endpoints.find(({ network }) => network === name);
      const builtIn = ['bridge', 'host', 'none'].includes(name);
      return [
        name,
        {
          ...NO_ENDPOINT,
          ...settings,
          DNSNames: builtIn ? null : dnsNames(definition, settings),
          ...(endpoint ? operational(endpoint) : {}),
        },
      ];
    }),
  );
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
