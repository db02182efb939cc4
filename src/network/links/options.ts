import { isIPv4, isIPv6 } from 'node:net';
import { entryOf } from '../../core/entry-of.ts';
import { invalidParameter } from '../../core/errors.ts';
import type { GatewayMode } from '../firewall/table.ts';
import type { Family } from '../ip.ts';
import type { NetworkDefinition } from '../model.ts';

const PREFIX = 'com.docker.network.';

/** A bridge network's parsed options. Unknown options have no effect, as in Docker. */
export interface BridgeOptions {
  readonly bridge: string;
  readonly icc: boolean;
  readonly masquerade: boolean;
  readonly hostBinding: string;
  /** 0: the kernel's default. */
  readonly mtu: number;
  readonly interfacePrefix: string;
  readonly mode: Readonly<Record<Family, GatewayMode>>;
  readonly snat: Readonly<Record<Family, string>>;
  /** The host gets no IPv4 address on the bridge. */
  readonly inhibitIPv4: boolean;
}

type Options = Readonly<Record<string, string>>;

/** @throws BargeError invalid-parameter naming the option. */
export function bridgeOptions({
  id,
  options,
  internal,
}: Pick<NetworkDefinition, 'id' | 'options' | 'internal'>) {
  const parsed: BridgeOptions = {
    bridge: interfaceName(options, `${PREFIX}bridge.name`) || `br-${id.slice(0, 12)}`,
    icc: truth(options, `${PREFIX}bridge.enable_icc`, true),
    masquerade: truth(options, `${PREFIX}bridge.enable_ip_masquerade`, true),
    hostBinding: address(options, `${PREFIX}bridge.host_binding_ipv4`, isIPv4),
    mtu: mtu(options),
    interfacePrefix: interfacePrefix(options),
    mode: {
      4: gatewayMode(options, `${PREFIX}bridge.gateway_mode_ipv4`, internal),
      6: gatewayMode(options, `${PREFIX}bridge.gateway_mode_ipv6`, internal),
    },
    snat: {
      4: address(options, `${PREFIX}host_ipv4`, isIPv4),
      6: address(options, `${PREFIX}host_ipv6`, isIPv6),
    },
    inhibitIPv4: truth(options, `${PREFIX}bridge.inhibit_ipv4`, false),
  };
  return parsed;
}

/** Go's ParseBool. */
const TRUTHS: Record<string, boolean> = {
  ...Object.fromEntries(['1', 't', 'T', 'TRUE', 'true', 'True'].map((word) => [word, true])),
  ...Object.fromEntries(['0', 'f', 'F', 'FALSE', 'false', 'False'].map((word) => [word, false])),
};

/** @throws BargeError invalid-parameter naming the option. */
export function truth(options: Options, name: string, otherwise: boolean): boolean {
  const text = options[name];
  if (text === undefined || text === '') return otherwise;
  const value = entryOf(TRUTHS, text);
  if (value === undefined)
    throw invalidParameter(`invalid value for ${name}: "${text}" is neither true nor false`);
  return value;
}

export function mtu(options: Options): number {
  const name = `${PREFIX}driver.mtu`;
  const text = options[name] ?? '';
  if (text === '') return 0;
  const value = Number(text);
  if (!/^\d+$/.test(text) || (value !== 0 && (value < 68 || value > 65_535))) {
    throw invalidParameter(`invalid value for ${name}: "${text}": want a number from 68 to 65535`);
  }
  return value;
}

/** Prefix of interface names inside containers. */
export function interfacePrefix(options: Options): string {
  const name = `${PREFIX}container_iface_prefix`;
  const text = options[name] || 'eth';
  if (!/^[a-zA-Z][a-zA-Z0-9_.-]{0,11}$/.test(text)) {
    throw invalidParameter(`invalid value for ${name}: "${text}": want up to 12 letters and digits`);
  }
  return text;
}

function interfaceName(options: Options, name: string): string {
  const text = options[name] ?? '';
  if (text !== '' && !/^[a-zA-Z][a-zA-Z0-9_.-]{0,14}$/.test(text)) {
    throw invalidParameter(
      `invalid value for ${name}: "${text}": want up to 15 letters, digits, dots, _ and -`,
    );
  }
  return text;
}

function address(options: Options, name: string, test: (text: string) => boolean): string {
  const text = options[name] ?? '';
  if (text !== '' && !test(text))
    throw invalidParameter(`invalid value for ${name}: "${text}" is not such an address`);
  return text;
}

const MODES = ['', 'nat', 'nat-unprotected', 'routed', 'isolated'];

function gatewayMode(options: Options, name: string, internal: boolean): GatewayMode {
  const text = options[name] ?? '';
  if (!MODES.includes(text))
    throw invalidParameter(`invalid value for ${name}: unknown gateway mode "${text}"`);
  if (text === 'isolated' && !internal) {
    throw invalidParameter(`gateway mode 'isolated' can only be used for an internal network`);
  }
  return (text || 'nat') as GatewayMode;
}
