import type { Container } from '../../container/model.ts';
import type { ContainerInspect, EndpointSettings, PortMap, PortSummary } from '../../spec/engine.ts';

/** The `NetworkSettings` of `inspect`. */
export function networkSettings(container: Container): ContainerInspect['NetworkSettings'] {
  const { attachment } = container.state;
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

export function networksOf({ definition, state }: Container): Record<string, EndpointSettings> {
  const mode = definition.hostConfig.NetworkMode ?? 'bridge';
  if (mode.startsWith('container:')) return {};
  return { [mode]: { ...NO_ENDPOINT, ...state.attachment?.endpoint } };
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
