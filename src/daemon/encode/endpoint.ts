import type { EndpointSettings } from '../../api/engine/networks.ts';
import type { EndpointSpec } from '../../container/network-spec.ts';

/** What a container asks of a network, as `inspect` shows it: every member is there. */
export function encodeEndpoint(endpoint: EndpointSpec): EndpointSettings {
  return { ...ownTerms(endpoint), ...endpoint.asGiven };
}

/** Without what is shown as it was given. */
export function ownTerms(endpoint: EndpointSpec): EndpointSettings {
  const { ipv4, ipv6, linkLocal, links, aliases, driverOptions } = endpoint;
  return {
    IPAMConfig: ipv4 || ipv6 || linkLocal.length > 0 ? ipamConfig(endpoint) : null,
    Links: links.length > 0 ? links.map(({ target, alias }) => `${target}:${alias}`) : null,
    Aliases: aliases.length > 0 ? aliases : null,
    MacAddress: endpoint.mac,
    DriverOpts: Object.keys(driverOptions).length > 0 ? driverOptions : null,
    GwPriority: endpoint.priority,
    NetworkID: endpoint.networkId,
    EndpointID: '',
    Gateway: '',
    IPAddress: '',
    IPPrefixLen: 0,
    IPv6Gateway: '',
    GlobalIPv6Address: '',
    GlobalIPv6PrefixLen: 0,
    DNSNames: null,
  };
}

const ipamConfig = ({ ipv4, ipv6, linkLocal }: EndpointSpec) => ({
  ...(ipv4 ? { IPv4Address: ipv4 } : {}),
  ...(ipv6 ? { IPv6Address: ipv6 } : {}),
  ...(linkLocal.length > 0 ? { LinkLocalIPs: linkLocal } : {}),
});
