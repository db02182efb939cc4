import type { Family } from '../ip.ts';

/** How a network's containers are connected to the outside, for one family. */
export type GatewayMode = 'nat' | 'nat-unprotected' | 'routed' | 'isolated';

/** The parameters of the rules for one bridge. */
export interface BridgeRules {
  /** Letters, digits and _: part of the names of its chains. */
  readonly key: string;
  readonly bridge: string;
  readonly subnets: readonly { readonly family: Family; readonly text: string }[];
  readonly internal: boolean;
  readonly masquerade: boolean;
  readonly mode: Readonly<Record<Family, GatewayMode>>;
  /** Source address of outgoing packets, in place of the route's; empty: the route's. */
  readonly snat: Readonly<Record<Family, string>>;
  /** No rules for IPv6: all of its packets pass. */
  readonly without6: boolean;
  /** Containers may be reached at their own addresses from outside. */
  readonly direct: boolean;
}

export interface PortRule {
  readonly protocol: string;
  /** Empty: all addresses of the family. */
  readonly hostAddress: string;
  readonly hostPort: number;
  readonly address: string;
  readonly port: number;
  readonly family: Family;
  /** The container is reached at its own address: packets are accepted but not translated. */
  readonly routed: boolean;
}

const PROTOCOLS = ['tcp', 'udp', 'sctp'];
const FAMILIES: readonly Family[] = [4, 6];
const IP: Record<Family, string> = { 4: 'ip', 6: 'ip6' };

/**
 * The single nftables table of a daemon, always replaced as a whole; nothing outside of it is changed. The differences
 * between networks are in separate chains, reached through verdict maps; published ports are map elements:
 * `*_any` for all host addresses, `*_at` for a chosen one. The kernel routes nothing from `::1` to another host,
 * so packets sent there reach the daemon's bound socket, which relays them.
 */
export function wholeTable(table: string): string {
  return `
table inet ${table} {}
delete table inet ${table}
table inet ${table} {${FAMILIES.flatMap((family) => PROTOCOLS.map((p) => portMaps(p, family))).join('')}
  set bridges { type ifname; }
  set open4 { type ipv4_addr . inet_proto . inet_service; }
  set open6 { type ipv6_addr . inet_proto . inet_service; }
  map to { type ifname : verdict; }
  map from { type ifname : verdict; }
  map nat_to { type ifname : verdict; }
  map leave4 { type ipv4_addr : verdict; flags interval; }
  map leave6 { type ipv6_addr : verdict; flags interval; }
  chain ack {}
  chain published {${FAMILIES.flatMap((family) => PROTOCOLS.map((p) => translations(p, family))).join('')}
  }
  chain prerouting {
    type nat hook prerouting priority dstnat;
    fib daddr type local jump published
  }
  chain output {
    type nat hook output priority -100;
    ip6 daddr ::1 return
    fib daddr type local jump published
  }
  chain postrouting {
    type nat hook postrouting priority srcnat;
    oifname vmap @nat_to
    ip saddr vmap @leave4
    ip6 saddr vmap @leave6
  }
  chain forward {
    type filter hook forward priority filter;
    iifname vmap @from
    oifname vmap @to
  }
  chain loopback_guard {
    type filter hook prerouting priority raw;
    iifname != "lo" ip daddr 127.0.0.0/8 drop
  }
}
`;
}

function portMaps(protocol: string, family: Family): string {
  const address = `ipv${family}_addr`;
  return `
  map ${protocol}_any${family} { type inet_service : ${address} . inet_service; }
  map ${protocol}_at${family} { type ${address} . inet_service : ${address} . inet_service; }`;
}

function translations(protocol: string, family: Family): string {
  const ip = IP[family];
  const dnat = `meta nfproto ipv${family} dnat ${ip} to`;
  return `
    ${dnat} ${ip} daddr . ${protocol} dport map @${protocol}_at${family}
    ${dnat} ${protocol} dport map @${protocol}_any${family}`;
}

/** The user's table: created when it is missing; its rules are never changed. */
export function userTable(table: string): string {
  return `
add table inet ${userTableName(table)}
add chain inet ${userTableName(table)} forward { type filter hook forward priority filter - 5; policy accept; }
`;
}

export const userTableName = (table: string) => `${table}_user`;

/** Chains and map elements of one bridge, added to the table. */
export function addBridge(table: string, rules: BridgeRules): string {
  const { key, bridge } = rules;
  const chain = (name: string, lines: readonly string[]) =>
    `add chain inet ${table} ${name}_${key}\n${lines.map((line) => `add rule inet ${table} ${name}_${key} ${line}\n`).join('')}`;
  return [
    chain('to', incoming(rules)),
    chain('from', rules.internal ? [`oifname != "${bridge}" drop`] : []),
    chain('nat_to', hairpin(rules)),
    chain('leave', leaving(rules)),
    ...elements(table, rules).map((element) => `add element ${element(true)}\n`),
  ].join('');
}

export function removeBridge(table: string, rules: BridgeRules): string {
  const names = ['to', 'from', 'nat_to', 'leave'].map((name) => `${name}_${rules.key}`);
  return [
    ...elements(table, rules).map((element) => `delete element ${element(false)}\n`),
    ...names.map((name) => `delete chain inet ${table} ${name}\n`),
  ].join('');
}

function elements(table: string, { key, bridge, subnets }: BridgeRules) {
  const at = (map: string, item: string, verdict: string) => (withVerdict: boolean) =>
    `inet ${table} ${map} { ${item}${withVerdict && verdict ? ` : jump ${verdict}_${key}` : ''} }`;
  return [
    at('bridges', `"${bridge}"`, ''),
    at('to', `"${bridge}"`, 'to'),
    at('from', `"${bridge}"`, 'from'),
    at('nat_to', `"${bridge}"`, 'nat_to'),
    ...subnets.map(({ family, text }) => at(`leave${family}`, text, 'leave')),
  ];
}

/** Accepted incoming packets: replies, those to a published port, those that stay on the bridge. */
function incoming({ bridge, internal, mode, without6, direct }: BridgeRules): string[] {
  if (internal) return [`iifname != "${bridge}" drop`];
  const unprotected = FAMILIES.filter((family) => direct || mode[family] === 'nat-unprotected');
  return [
    ...(without6 ? ['meta nfproto ipv6 accept'] : []),
    'ct state established,related accept',
    'ct status dnat accept',
    `iifname "${bridge}" accept`,
    'ip daddr . meta l4proto . th dport @open4 accept',
    'ip6 daddr . meta l4proto . th dport @open6 accept',
    ...unprotected.map((family) => `meta nfproto ipv${family} iifname != @bridges accept`),
    'drop',
  ];
}

/** Masquerades connections to a published port from its own network, and from the host over loopback. */
function hairpin({ subnets }: BridgeRules): string[] {
  return [
    'ip saddr 127.0.0.0/8 masquerade',
    ...subnets.map(({ family, text }) => `${IP[family]} saddr ${text} ct status dnat masquerade`),
  ];
}

function leaving({ bridge, subnets, internal, masquerade, mode, snat, without6 }: BridgeRules): string[] {
  if (internal || !masquerade) return [];
  return FAMILIES.filter(
    (family) =>
      subnets.some((subnet) => subnet.family === family) &&
      mode[family].startsWith('nat') &&
      !(family === 6 && without6),
  ).map((family) => {
    const how = snat[family] ? `snat ${IP[family]} to ${snat[family]}` : 'masquerade';
    return `meta nfproto ipv${family} oifname != "${bridge}" ${how}`;
  });
}

function portElement(table: string, rule: PortRule, withTarget: boolean): string {
  const { protocol, hostAddress, hostPort, address, port, family } = rule;
  if (rule.routed) return `element inet ${table} open${family} { ${address} . ${protocol} . ${port} }`;
  const target = withTarget ? ` : ${address} . ${port}` : '';
  return hostAddress
    ? `element inet ${table} ${protocol}_at${family} { ${hostAddress} . ${hostPort}${target} }`
    : `element inet ${table} ${protocol}_any${family} { ${hostPort}${target} }`;
}

export const addPort = (table: string, rule: PortRule) => `add ${portElement(table, rule, true)}`;
export const removePort = (table: string, rule: PortRule) => `delete ${portElement(table, rule, false)}`;
