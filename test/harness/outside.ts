import { randomBytes } from 'node:crypto';
import { execute, type Outcome } from './execute.ts';

/** Another machine: a network namespace that reaches this host over a link of its own. */
export class OutsideHost {
  readonly #name: string;
  readonly #link: string;
  /** The host's address on the link between, and its own. */
  readonly hostAddress: string;
  readonly address: string;
  readonly hostAddress6: string;

  private constructor() {
    const token = randomBytes(3);
    this.#name = `out${token.toString('hex')}`;
    this.#link = `o${token.toString('hex')}`;
    const [a = 0, b = 0, c = 0] = token;
    const base = `10.${192 + (a % 32)}.${b}`;
    this.hostAddress = `${base}.${(c & 0xfc) + 1}`;
    this.address = `${base}.${(c & 0xfc) + 2}`;
    this.hostAddress6 = `fd99:${token.toString('hex').slice(0, 4)}::1`;
  }

  static async start(): Promise<OutsideHost> {
    const host = new OutsideHost();
    const name = host.#name;
    const link = host.#link;
    const lines = [
      `netns add ${name}`,
      `link add ${link} type veth peer name eth0 netns ${name}`,
      `addr add ${host.hostAddress}/30 dev ${link}`,
      `addr add ${host.hostAddress6}/64 dev ${link} nodad`,
      `link set ${link} up`,
    ];
    const inside = [
      'link set lo up',
      `addr add ${host.address}/30 dev eth0`,
      `addr add ${host.hostAddress6.replace(/1$/, '2')}/64 dev eth0 nodad`,
      'link set eth0 up',
      `route add default via ${host.hostAddress}`,
      `route add ::/0 via ${host.hostAddress6}`,
    ];
    await must(['ip', '-batch', '-'], lines);
    await must(['ip', '-n', name, '-batch', '-'], inside);
    return host;
  }

  /** Runs a command there. */
  run(command: readonly string[], input = ''): Promise<Outcome> {
    return execute(['ip', 'netns', 'exec', this.#name, ...command], { input, limit: 10_000 });
  }

  /** What a server says to whoever connects; undefined when it cannot be reached within a second. */
  async ask(address: string, port: number): Promise<string | undefined> {
    const program = `const s = require('node:net').connect(${port}, ${JSON.stringify(address)});
      s.setTimeout(1000, () => process.exit(1)); s.on('error', () => process.exit(1)); s.pipe(process.stdout);`;
    const { code, stdout } = await this.run([process.execPath, '-e', program]);
    return code === 0 ? stdout.trim() : undefined;
  }

  async end(): Promise<void> {
    await execute(['ip', 'netns', 'del', this.#name]);
    await execute(['ip', 'link', 'del', this.#link]);
  }
}

async function must(command: readonly string[], lines: readonly string[]): Promise<void> {
  const { code, stderr } = await execute(command, { input: `${lines.join('\n')}\n` });
  if (code !== 0) throw new Error(`${command.join(' ')}: ${stderr}`);
}
