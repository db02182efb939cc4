import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { type Command, runToEnd } from '../measure/process.ts';
import type { Subject } from '../peers/peer.ts';
import { ownClient } from './idle.ts';
import { type Figures, playRounds, type Unit } from './rounds.ts';
import type { Row, Section, Suite, Workshop } from './suite.ts';

export const networkSuite: Suite = { name: 'network', effort: { warmup: 1, runs: 4 }, measure };

/** The amount to transfer, in MiB. */
const AMOUNT = 2048;
const PORT = 18_080;
const QUERIES = 20_000;
const CONNECTIONS = 2000;

/** A peer's two containers, one of which has a server that reads everything. */
interface Pair {
  readonly name: string;
  readonly subject: Subject;
  readonly published: string;
  /** Pid of the other container. */
  readonly client: string;
  readonly server: ChildProcess;
  readonly address: string;
  /** An address of the host. */
  readonly gateway: string;
  /** Empty without a name server. */
  readonly nameServer: string;
}

const UNITS: Record<string, Unit> = {
  'container to container': 's',
  'host to a published port': 's',
  'connections to a container': '1/s',
  'connections to a published port': '1/s',
  'name server, an answer of its own': 'µs',
};

async function measure(workshop: Workshop): Promise<readonly Section[]> {
  const pairs: Pair[] = [];
  try {
    for (const [i, peer] of workshop.peers.entries()) pairs.push(open(ownClient(peer), PORT + i));
    const figures = await playRounds(workshop, { title: 'network', contestants: pairs, turn: measureOnce });
    return [{ name: 'network', title: TITLE, rows: Object.entries(figures).map(row), notes: NOTES }];
  } finally {
    for (const pair of pairs) close(pair);
  }
}

const TITLE =
  `Networks: ${AMOUNT >> 10} GiB over one TCP connection, ${CONNECTIONS} short ones, and names, on a network of ` +
  'its own';

const NOTES = [
  'Programs of the host send and take, in the containers’ networks: the same for every peer.',
  'Connections: opened, a byte to and fro, closed; eight under way. Names: 32 queries under way.',
];

function row([label, samples]: [string, Row['samples']]): Row {
  const unit = UNITS[label] ?? 's';
  return { label, unit, ...(unit === '1/s' && { more: true }), samples };
}

const script = (name: string) => join(import.meta.dirname, '../measure', name);

/** Runs a program of the host in a container's network namespace. */
const inside = (pid: string, name: string, ...args: readonly string[]): Command => ({
  file: 'nsenter',
  args: [`--net=/proc/${pid}/ns/net`, process.execPath, script(name), ...args],
});

function open(subject: Subject, port: number): Pair {
  const run = (...args: string[]) => runToEnd(subject.command(args)).trim();
  run('network', 'create', 'bench-net');
  const shared = ['-d', '--network', 'bench-net'];
  run('run', ...shared, '--name', 'bench-server', '-p', `${port}:9`, 'busybox', 'sleep', '3600');
  run('run', ...shared, '--name', 'bench-client', 'busybox', 'sleep', '3600');
  const pidOf = (name: string) => run('inspect', '-f', '{{.State.Pid}}', name);
  const network = (field: string, name: string) =>
    run('inspect', '-f', `{{range .NetworkSettings.Networks}}{{.${field}}}{{end}}`, name);
  const resolv = run('exec', 'bench-client', 'cat', '/etc/resolv.conf');
  const [, nameServer = ''] = /^nameserver (\S+)/m.exec(resolv) ?? [];
  const responses = answersNames(pidOf('bench-client'), nameServer);
  const { file, args } = inside(pidOf('bench-server'), 'pump.mjs', 'serve', '9');
  return {
    name: subject.name,
    subject,
    published: `${port}`,
    client: pidOf('bench-client'),
    server: spawn(file, args, { stdio: 'ignore' }),
    address: network('IPAddress', 'bench-server'),
    gateway: network('Gateway', 'bench-client'),
    nameServer: responses ? nameServer : '',
  };
}

/** Podman without aardvark-dns has no name server. */
function answersNames(pid: string, nameServer: string): boolean {
  const { file, args } = inside(pid, 'name-queries.mjs', nameServer, 'bench-server', '1');
  return spawnSync(file, args, { stdio: 'ignore' }).status === 0;
}

function measureOnce({ published, client, address, gateway, nameServer }: Pair): Figures {
  const number = (command: Command) => Number(runToEnd(command));
  const outside = (...args: readonly string[]): Command => ({
    file: process.execPath,
    args: [script('pump.mjs'), ...args],
  });
  return {
    'container to container': number(inside(client, 'pump.mjs', 'send', address, '9', `${AMOUNT}`)),
    'host to a published port': number(outside('send', gateway, published, `${AMOUNT}`)),
    'connections to a container': number(
      inside(client, 'pump.mjs', 'connect', address, '9', `${CONNECTIONS}`),
    ),
    'connections to a published port': number(outside('connect', gateway, published, `${CONNECTIONS}`)),
    ...(nameServer !== '' && {
      'name server, an answer of its own': number(
        inside(client, 'name-queries.mjs', nameServer, 'bench-server', `${QUERIES}`),
      ),
    }),
  };
}

function close({ subject, server }: Pair): void {
  server.kill();
  runToEnd(subject.command(['rm', '-f', 'bench-server', 'bench-client']));
  runToEnd(subject.command(['network', 'rm', 'bench-net']));
}
