import type { ContainerInspect } from '../../api/engine/containers.ts';
import type { NetworkInspect, PortBinding } from '../../api/engine/networks.ts';
import type { Cli } from '../cli.ts';
import { argument, defineCommand } from '../command.ts';
import { pathSegment } from '../each.ts';
import { CommandFailure } from '../failure.ts';

export const command = defineCommand({
  usage: 'CONTAINER [PRIVATE_PORT[/PROTO]]',
  flags: [],
  args: { min: 1, max: 2 },
  completes: ['running', 'none'],
  async run(invocation) {
    const { args, cli } = invocation;
    const container = argument(invocation, 0);
    const { NetworkSettings } = await cli.engine.get<ContainerInspect>(
      `/containers/${pathSegment(container)}/json`,
    );
    const ports = NetworkSettings.Ports ?? {};
    const [, wanted] = args;
    if (wanted !== undefined) {
      const key = wanted.includes('/') ? wanted : `${wanted}/tcp`;
      const bindings = ports[key];
      if (!bindings) throw new CommandFailure(`Error: No public port '${wanted}' published for ${container}`);
      cli.out(bindings.map((binding) => `${hostAddress(binding)}\n`).join(''));
      await warn(cli, NetworkSettings);
      return 0;
    }
    const lines = Object.entries(ports)
      .sort(([a], [b]) => Number.parseInt(a, 10) - Number.parseInt(b, 10) || (a < b ? -1 : 1))
      .flatMap(([key, bindings]) => (bindings ?? []).map((binding) => `${key} -> ${hostAddress(binding)}\n`));
    cli.out(lines.join(''));
    if (lines.length > 0) await warn(cli, NetworkSettings);
    return 0;
  },
});

/** Explains why the ports may not be reachable from outside: the daemon knows what the host's firewall drops. */
async function warn(cli: Cli, { Networks }: ContainerInspect['NetworkSettings']): Promise<void> {
  const told = new Set<string>();
  for (const name of Object.keys(Networks)) {
    /* The user asked for the ports, so a failure here only omits the warning. */
    const network = await cli.engine
      .get<Partial<NetworkInspect>>(`/networks/${pathSegment(name)}`)
      .catch(() => undefined);
    for (const warning of network?.Warnings ?? []) told.add(warning);
  }
  for (const warning of told) cli.err(`WARNING: ${warning}\n`);
}

function hostAddress({ HostIp = '', HostPort = '' }: PortBinding): string {
  return HostIp.includes(':') ? `[${HostIp}]:${HostPort}` : `${HostIp}:${HostPort}`;
}
