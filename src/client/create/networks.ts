import type { EndpointSettings } from '../../api/engine/networks.ts';
import { invalidParameter } from '../../core/errors.ts';
import type { CreateFlags } from './flags.ts';
import { type Attachment, checkMac, parseNetwork, withOption } from './network-flag.ts';

interface NetworkFlags {
  readonly mode: string;
  readonly endpoints: Readonly<Record<string, EndpointSettings>>;
}

const BUILT_IN = new Set(['default', 'bridge', 'host', 'none', '']);

function isUserDefined(name: string): boolean {
  return !BUILT_IN.has(name) && !name.startsWith('container:');
}

/** The first network's settings also come from `--ip`, `--ip6`, `--network-alias`, `--mac-address`, `--link`. */
export function readNetworks(flags: CreateFlags): NetworkFlags {
  const attachments = flags.list('network').map(parseNetwork);
  const user = attachments.filter(({ name }) => isUserDefined(name));
  if (attachments.length > 1 && user.length > 0 && user.length < attachments.length) {
    throw invalidParameter(
      'conflicting options: cannot attach both user-defined and non-user-defined network-modes',
    );
  }
  const [first = { name: 'default', settings: {} }, ...others] = attachments;
  const settings = withFlags(first, flags);
  const endpoints: Record<string, EndpointSettings> = {};
  for (const { name, settings: own } of [{ name: first.name, settings }, ...others]) {
    if (endpoints[name]) throw invalidParameter(`network "${name}" is specified multiple times`);
    if (isUserDefined(name) || Object.keys(own).length > 0) endpoints[name] = own;
  }
  return { mode: first.name, endpoints };
}

function withFlags(first: Attachment, flags: CreateFlags): EndpointSettings {
  const aliases = flags.list('network-alias');
  if (aliases.length > 0 && !isUserDefined(first.name)) {
    throw invalidParameter('network-scoped aliases are only supported for user-defined networks');
  }
  let settings = first.settings;
  const both = (flag: string, noun: string, taken: unknown) => {
    if (taken !== undefined) {
      throw invalidParameter(`conflicting options: cannot specify both --${flag} and per-network ${noun}`);
    }
  };
  if (aliases.length > 0) {
    both('network-alias', 'alias', settings.Aliases ?? undefined);
    settings = { ...settings, Aliases: aliases };
  }
  for (const flag of ['ip', 'ip6'] as const) {
    if (!flags.has(flag)) continue;
    if (flag === 'ip') both(flag, 'IPv4 address', settings.IPAMConfig?.IPv4Address);
    else both(flag, 'IPv6 address', settings.IPAMConfig?.IPv6Address);
    settings = withOption(settings, flag, flags.text(flag), '');
  }
  for (const address of flags.list('link-local-ip'))
    settings = withOption(settings, 'link-local-ip', address, '');
  if (flags.has('mac-address')) settings = { ...settings, MacAddress: checkMac(flags.text('mac-address')) };
  const links = flags.list('link');
  return links.length > 0 && isUserDefined(first.name) ? { ...settings, Links: links } : settings;
}
