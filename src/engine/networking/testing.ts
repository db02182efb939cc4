import type { NetworkDefinition } from '../../network/model.ts';

/** A network that nobody asked anything special of. */
export function networkOf(name: string, change: Partial<NetworkDefinition> = {}): NetworkDefinition {
  return {
    id: `id-of-${name}`,
    name,
    createdAt: 0,
    driver: 'bridge',
    enableIPv4: true,
    enableIPv6: false,
    internal: false,
    attachable: false,
    configOnly: false,
    configFrom: '',
    labels: {},
    options: {},
    ipamOptions: null,
    ipam: [],
    chosenSubnets: false,
    ...change,
  };
}
