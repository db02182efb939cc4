import type { Flag } from './flag-types.ts';

/** Flags that stand before the command's name. */
export const GLOBAL_FLAGS = [
  {
    name: 'config',
    type: 'string',
    description: 'Directory of the client configuration (default "~/.docker")',
  },
  { name: 'debug', short: 'D', type: 'bool', description: 'Show where a failure comes from' },
  {
    name: 'host',
    short: 'H',
    type: 'list',
    description: 'Address of the daemon: unix:///path, tcp://host:port or ssh://user@host',
  },
  {
    name: 'log-level',
    short: 'l',
    type: 'string',
    default: 'info',
    completes: ['debug', 'info', 'warn', 'error', 'fatal'],
    description: 'Taken for compatibility with docker; the client keeps no log',
  },
  {
    name: 'context',
    short: 'c',
    type: 'string',
    description: 'Context to use instead of the current one: see barge context ls',
    completes: 'context',
  },
  { name: 'tls', type: 'bool', description: 'Use TLS; --tlsverify implies it' },
  { name: 'tlscacert', type: 'string', description: 'Trust only certificates that this CA signed' },
  { name: 'tlscert', type: 'string', description: 'Certificate to show to the daemon' },
  { name: 'tlskey', type: 'string', description: 'Key of that certificate' },
  { name: 'tlsverify', type: 'bool', description: "Use TLS and check the daemon's certificate" },
  { name: 'version', short: 'v', type: 'bool', description: 'Print the version and end' },
] as const satisfies readonly Flag[];
