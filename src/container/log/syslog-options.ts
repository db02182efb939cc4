import { invalidParameter } from '../../core/errors.ts';

export const SYSLOG_OPTIONS: readonly string[] = [
  'syslog-address',
  'syslog-facility',
  'syslog-format',
  'syslog-tls-ca-cert',
  'syslog-tls-cert',
  'syslog-tls-key',
  'syslog-tls-skip-verify',
];

/** Numbers of RFC 5424, section 6.2.1. */
const FACILITIES: Readonly<Record<string, number>> = Object.fromEntries(
  [
    ...['kern', 'user', 'mail', 'daemon', 'auth', 'syslog', 'lpr', 'news', 'uucp', 'cron', 'authpriv', 'ftp'],
    ...['', '', '', ''],
    ...['local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7'],
  ].map((name, number) => [name, number]),
);

const FORMATS = ['', 'rfc3164', 'rfc5424', 'rfc5424micro'] as const;
export type SyslogFormat = (typeof FORMATS)[number];

type SyslogTarget =
  | { readonly kind: 'datagram' | 'stream'; readonly path: string }
  | { readonly kind: 'udp' | 'tcp' | 'tls'; readonly host: string; readonly port: number };

export interface SyslogSettings {
  readonly target: SyslogTarget;
  readonly facility: number;
  readonly format: SyslogFormat;
  readonly tls: {
    readonly ca?: string;
    readonly cert?: string;
    readonly key?: string;
    readonly verify: boolean;
  };
}

const LOCAL_SOCKET = '/dev/log';
const PORTS = { udp: 514, tcp: 514, tls: 6514 } as const;

/** @throws BargeError invalid-parameter naming the option. */
export function checkSyslogOptions(options: Readonly<Record<string, string>>): SyslogSettings {
  const facility = options['syslog-facility'] ?? 'daemon';
  const number = /^\d+$/.test(facility) ? Number(facility) : FACILITIES[facility];
  if (facility === '' || number === undefined || number > 23) {
    throw invalidParameter(`invalid syslog facility: "${facility}"`);
  }
  const format = FORMATS.find((known) => known === (options['syslog-format'] ?? ''));
  if (format === undefined) {
    throw invalidParameter(
      `Invalid syslog format: "${options['syslog-format']}": want rfc3164, rfc5424 or rfc5424micro`,
    );
  }
  const file = (name: string) => options[`syslog-tls-${name}`];
  const [ca, cert, key] = [file('ca-cert'), file('cert'), file('key')];
  if (Boolean(cert) !== Boolean(key)) {
    throw invalidParameter('syslog-tls-cert and syslog-tls-key are of use only together');
  }
  return {
    target: target(options['syslog-address'] ?? ''),
    facility: number,
    format,
    tls: {
      ...(ca ? { ca } : {}),
      ...(cert && key ? { cert, key } : {}),
      verify: file('skip-verify') !== 'true',
    },
  };
}

function target(address: string): SyslogTarget {
  if (!address) return { kind: 'datagram', path: LOCAL_SOCKET };
  const match = /^(unix|unixgram|udp|tcp|tcp\+tls):\/\/(.+)$/.exec(address);
  if (!match) {
    throw invalidParameter(
      `invalid syslog-address "${address}": want udp://, tcp://, tcp+tls://, unix:// or unixgram:// and where it is`,
    );
  }
  const [, scheme = '', rest = ''] = match;
  if (scheme === 'unix' || scheme === 'unixgram') {
    return { kind: scheme === 'unix' ? 'stream' : 'datagram', path: rest };
  }
  const kind = scheme === 'tcp+tls' ? 'tls' : scheme === 'tcp' ? 'tcp' : 'udp';
  const host = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(rest);
  if (!host) throw invalidParameter(`invalid syslog-address "${address}": want HOST or HOST:PORT`);
  return { kind, host: host[1] ?? host[2] ?? '', port: Number(host[3] ?? PORTS[kind]) };
}
