import type { EndpointSettings } from '../../api/engine/networks.ts';
import { invalidParameter } from '../../core/errors.ts';
import { splitPair } from '../flags.ts';
import { splitCsv } from './csv.ts';

/** A network that `--network` names, with the settings given there. */
export interface Attachment {
  readonly name: string;
  readonly settings: EndpointSettings;
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

export function withOption(
  settings: EndpointSettings,
  key: string,
  text: string,
  field: string,
): EndpointSettings {
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
