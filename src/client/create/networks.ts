import type { EndpointSettings } from '../../api/engine/networks.ts';
import { invalidParameter } from '../../core/errors.ts';
import { splitPair } from '../flags.ts';
import { splitCsv } from './csv.ts';
import type { CreateFlags } from './flags.ts';

export interface NetworkFlags {
  readonly mode: string;
  readonly endpoints: Readonly<Record<string, EndpointSettings>>;
}

interface Attachment {
  readonly name: string;
  readonly settings: EndpointSettings;
}

const BUILT_IN = new Set(['default', 'bridge', 'host', 'none', '']);

function isUserDefined(name: string): boolean {
  return !BUILT_IN.has(name) && !name.startsWith('container:');
}

/** `--network name` or `--network name=…,alias=…,ip=…`. @throws BargeError invalid-parameter. */
export function parseNetwork(value: string): Attachment {
  if (!/^(?:[\w-]+=[^,]*)(?:,|$)/.test(value)) return { name: value, settings: {} };
  let name = '';
  let settings: EndpointSettings = {};
  for (const field of splitCsv(value)) {
    const [key, text] = splitPair(field);
    if (!field.includes('=')) throw invalidParameter(`invalid field ${field}`);
    if (key.toLowerCase() === 'name') name = text;
    else settings = withOption(settings, key.toLowerCase(), text, field);
  }
  if (name === '') throw invalidParameter('network name/id is not specified');
  return { name, settings };
}

function withOption(settings: EndpointSettings, key: string, text: string, field: string): EndpointSettings {
  const ipam = settings.IPAMConfig ?? {};
  switch (key) {
    case 'alias':
      return { ...settings, Aliases: [...(settings.Aliases ?? []), text] };
    case 'ip':
      return { ...settings, IPAMConfig: { ...ipam, IPv4Address: text } };
    case 'ip6':
      return { ...settings, IPAMConfig: { ...ipam, IPv6Address: text } };
    case 'link-local-ip':
      return { ...settings, IPAMConfig: { ...ipam, LinkLocalIPs: [...(ipam.LinkLocalIPs ?? []), text] } };
    case 'mac-address':
      return { ...settings, MacAddress: checkMac(text) };
    case 'driver-opt': {
      const [name, value] = splitPair(text);
      return { ...settings, DriverOpts: { ...settings.DriverOpts, [name]: value } };
    }
    case 'gw-priority':
      if (!/^-?\d+$/.test(text)) throw invalidParameter(`invalid gw-priority (${text}): invalid syntax`);
      return { ...settings, GwPriority: Number(text) };
    default:
      throw invalidParameter(`invalid field key ${field.split('=')[0]}`);
  }
}

/** @throws BargeError invalid-parameter. */
export function checkMac(text: string): string {
  if (!/^[0-9a-fA-F]{2}(?:[:-][0-9a-fA-F]{2}){5}$/.test(text)) {
    throw invalidParameter(`${text} is not a valid mac address`);
  }
  return text;
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
