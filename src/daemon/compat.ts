import type { ContainerInspect } from '../spec/engine.ts';

/** What older versions of the API look like where they differ, one function for each change. */

const isBefore = (version: string, minor: number) => Number(version.split('.')[1]) < minor;

/** Before 1.52 the settings of the network called `bridge` stand beside `Networks` too. */
export function bridgeSettingsOutside(version: string, inspect: ContainerInspect): ContainerInspect {
  if (!isBefore(version, 52)) return inspect;
  const { EndpointID, Gateway, GlobalIPv6Address, GlobalIPv6PrefixLen, IPAddress, IPPrefixLen, ...rest } =
    inspect.NetworkSettings.Networks.bridge ?? {};
  const settings = {
    Bridge: '',
    HairpinMode: false,
    LinkLocalIPv6Address: '',
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    EndpointID: EndpointID ?? '',
    Gateway: Gateway ?? '',
    GlobalIPv6Address: GlobalIPv6Address ?? '',
    GlobalIPv6PrefixLen: GlobalIPv6PrefixLen ?? 0,
    IPAddress: IPAddress ?? '',
    IPPrefixLen: IPPrefixLen ?? 0,
    IPv6Gateway: rest.IPv6Gateway ?? '',
    MacAddress: rest.MacAddress ?? '',
  };
  return { ...inspect, NetworkSettings: { ...inspect.NetworkSettings, ...settings } };
}
