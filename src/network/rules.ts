/**
 * The one nftables table of a bridge. Nothing outside of it is ever touched.
 * Published ports are map elements: `*_any` for all host addresses, `*_at` for a chosen one.
 */
export function bridgeTable(table: string, bridge: string, subnet: string): string {
  const maps = ['tcp', 'udp', 'sctp'].map(
    (protocol) => `
  map ${protocol}_any { type inet_service : ipv4_addr . inet_service; }
  map ${protocol}_at { type ipv4_addr . inet_service : ipv4_addr . inet_service; }`,
  );
  const translations = ['tcp', 'udp', 'sctp'].map(
    (protocol) => `
    dnat ip to ip daddr . ${protocol} dport map @${protocol}_at
    dnat ip to ${protocol} dport map @${protocol}_any`,
  );
  return `
table ip ${table} {}
delete table ip ${table}
table ip ${table} {${maps.join('')}
  chain ack {}
  chain published {${translations.join('')}
  }
  chain prerouting {
    type nat hook prerouting priority dstnat;
    fib daddr type local jump published
  }
  chain output {
    type nat hook output priority -100;
    fib daddr type local jump published
  }
  chain postrouting {
    type nat hook postrouting priority srcnat;
    oifname "${bridge}" ip saddr 127.0.0.0/8 masquerade
    oifname "${bridge}" ip saddr ${subnet} ct status dnat masquerade
    ip saddr ${subnet} oifname != "${bridge}" masquerade
  }
  chain forward {
    type filter hook forward priority filter;
    oifname "${bridge}" ct state established,related accept
    oifname "${bridge}" ct status dnat accept
    oifname "${bridge}" iifname != "${bridge}" drop
  }
  chain loopback_guard {
    type filter hook prerouting priority raw;
    iifname != "lo" ip daddr 127.0.0.0/8 drop
  }
}
`;
}

export interface PortRule {
  readonly protocol: string;
  /** Empty: all addresses of the host. */
  readonly hostAddress: string;
  readonly hostPort: number;
  readonly address: string;
  readonly port: number;
}

function element(table: string, rule: PortRule, withTarget: boolean): string {
  const target = withTarget ? ` : ${rule.address} . ${rule.port}` : '';
  return rule.hostAddress
    ? `element ip ${table} ${rule.protocol}_at { ${rule.hostAddress} . ${rule.hostPort}${target} }`
    : `element ip ${table} ${rule.protocol}_any { ${rule.hostPort}${target} }`;
}

export const addPort = (table: string, rule: PortRule) => `add ${element(table, rule, true)}`;
export const removePort = (table: string, rule: PortRule) => `delete ${element(table, rule, false)}`;
