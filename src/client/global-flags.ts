import type { Flag } from './flag-types.ts';

/** Flags before the command's name. */
export const GLOBAL_FLAGS = [
  {
    name: 'config',
    type: 'string',
    description: 'Directory of the client configuration (default "~/.docker")',
  },
  { name: 'debug', short: 'D', type: 'bool', description: 'Show the stack trace of a failure' },
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
    description: 'Accepted for compatibility; the client does not log',
  },
  {
    name: 'context',
    short: 'c',
    type: 'string',
    description: 'Context to use instead of the current one (see barge context ls)',
    completes: 'context',
  },
  { name: 'tls', type: 'bool', description: 'Use TLS; --tlsverify implies it' },
  { name: 'tlscacert', type: 'string', description: 'Trust only certificates that this CA signed' },
  { name: 'tlscert', type: 'string', description: 'Client certificate' },
  { name: 'tlskey', type: 'string', description: 'Key of the client certificate' },
  { name: 'tlsverify', type: 'bool', description: "Use TLS and verify the daemon's certificate" },
  { name: 'version', short: 'v', type: 'bool', description: 'Print the version and exit' },
] as const satisfies readonly Flag[];
