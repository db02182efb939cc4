import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { type Command, runToEnd } from '../measure/process.ts';
import type { Subject } from '../peers/peer.ts';
import type { Row, Section, Suite, Workshop } from './suite.ts';

export const networkSuite: Suite = { name: 'network', measure };

/** What a run moves, in MiB. */
const AMOUNT = 2048;
const PORT = 18_080;
const QUERIES = 20_000;
/** Runs of each case: a run moves gigabytes. */
const MOST_RUNS = 10;

/** A peer's two containers, with a server that takes what comes in one of them. */
interface Pair {
  readonly subject: Subject;
  readonly published: string;
  /** Pid of the other container. */
  readonly client: string;
  readonly server: ChildProcess;
  readonly address: string;
  /** An address of the host. */
  readonly gateway: string;
  readonly nameServer: string;
}

/** Which figures a round of one peer gives. */
type Figures = Record<'inside' | 'published' | 'name', number>;

async function measure(workshop: Workshop): Promise<Section> {
  const pairs = workshop.peers.map((peer, i) => open(peer.subjects[0] as Subject, PORT + i));
  const figures = new Map<string, Figures[]>(pairs.map(({ subject }) => [subject.name, []]));
  try {
    const runs = Math.min(workshop.options.runs, MOST_RUNS);
    for (let round = 0; round < runs; round++) {
      workshop.say(`network, round ${round + 1} of ${runs}`);
      workshop.noise.calibrate();
      for (const pair of pairs) figures.get(pair.subject.name)?.push(measureOnce(pair));
    }
  } finally {
    for (const pair of pairs) close(pair);
  }
  const row = (label: string, unit: string, key: keyof Figures): Row => ({
    label,
    unit,
    samples: Object.fromEntries([...figures].map(([name, all]) => [name, all.map((one) => one[key])])),
  });
  return {
    suite: 'network',
    title: `Networks: ${AMOUNT >> 10} GiB over one TCP connection, and names, on a network of its own`,
    rows: [
      row('container to container', 's', 'inside'),
      row('host to a published port', 's', 'published'),
      row('name server, an answer of its own', 'µs', 'name'),
    ],
    notes: [
      'Programs of the host send and take, in the containers’ networks: the same for every peer.',
      'The peers take turns, a round each. Names: 32 queries under way.',
    ],
  };
}

const script = (name: string) => join(import.meta.dirname, '../measure', name);

/** A program of the host in a container's network. */
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
  const { file, args } = inside(pidOf('bench-server'), 'pump.mjs', 'serve', '9');
  return {
    subject,
    published: `${port}`,
    client: pidOf('bench-client'),
    server: spawn(file, args, { stdio: 'ignore' }),
    address: network('IPAddress', 'bench-server'),
    gateway: network('Gateway', 'bench-client'),
    nameServer,
  };
}

function measureOnce({ published, client, address, gateway, nameServer }: Pair): Figures {
  const number = (command: Command) => Number(runToEnd(command));
  const outside = [script('pump.mjs'), 'send', gateway, published, `${AMOUNT}`];
  return {
    inside: number(inside(client, 'pump.mjs', 'send', address, '9', `${AMOUNT}`)),
    published: number({ file: process.execPath, args: outside }),
    name: number(inside(client, 'name-queries.mjs', nameServer, 'bench-server', `${QUERIES}`)),
  };
}

function close({ subject, server }: Pair): void {
  server.kill();
  runToEnd(subject.command(['rm', '-f', 'bench-server', 'bench-client']));
  runToEnd(subject.command(['network', 'rm', 'bench-net']));
}
