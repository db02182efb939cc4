import type { NetworkMode, OfContainer } from './network-spec.ts';

const OF_CONTAINER = 'container:';

/** `container:<id or name>`, where a mode says that another container's namespace is joined. */
export const joinsContainer = (text: string): boolean => text.startsWith(OF_CONTAINER);

export const ofContainer = (text: string): OfContainer => ({
  kind: 'container',
  container: text.slice(OF_CONTAINER.length),
});

/** The words of `--network`; `''` and `default` mean the default network. */
export function parseNetworkMode(text: string): NetworkMode {
  switch (text) {
    case '':
    case 'default':
    case 'bridge':
      return { kind: 'bridge' };
    case 'host':
    case 'none':
      return { kind: text };
    default:
      return joinsContainer(text) ? ofContainer(text) : { kind: 'named', name: text };
  }
}
