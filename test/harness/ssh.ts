import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { BARGE } from './daemon.ts';
import { eventually, type Running, start } from './execute.ts';
import { freePort } from './ports.ts';

const UNPACKED = resolve(import.meta.dirname, '../../.cache/ssh-server/usr');
const PROGRAM = ['/usr/sbin/sshd', join(UNPACKED, 'sbin/sshd')].find((path) => existsSync(path));

/** Why tests that need an SSH server cannot run here; false when they can. */
export function withoutSsh(): string | false {
  if (!PROGRAM) return 'no sshd in /usr/sbin or .cache/ssh-server (npm test unpacks one)';
  return spawnSync('ssh', ['-V']).status === 0 ? false : 'no ssh on the PATH';
}

const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/** An OpenSSH server on the loopback, with keys, users and configuration of its own; nothing of the system's is touched. */
export class SshServer implements AsyncDisposable {
  readonly url: string;
  /** On the PATH of whoever comes in, before everything else. */
  readonly bin: string;
  /** For clients: a PATH on which `ssh` knows the server's key and has one of its own. */
  readonly path: string;
  readonly #running: Running;

  private constructor(directory: string, port: number, running: Running) {
    this.url = `ssh://root@127.0.0.1:${port}`;
    this.bin = join(directory, 'remote');
    this.path = `${join(directory, 'local')}:${process.env.PATH}`;
    this.#running = running;
  }

  static async start(directory: string): Promise<SshServer> {
    for (const name of ['', 'local', 'remote', 'home']) mkdirSync(join(directory, name));
    const port = await freePort();
    makeKeys(directory, port);
    makeUsers(directory);
    writeServerConfig(directory, port);
    const server = new SshServer(
      directory,
      port,
      start(['unshare', '--mount', 'sh', '-c', startScript(directory)]),
    );
    server.install('barge', BARGE);
    await eventually('sshd listens', () => {
      const said = server.#running.stderr();
      if (server.#running.child.exitCode !== null) throw new Error(`sshd ended: ${said}`);
      return said.includes('Server listening');
    });
    return server;
  }

  /** Puts a command on the PATH of whoever comes in. */
  install(name: string, command: readonly string[]): void {
    script(join(this.bin, name), `exec ${command.map(quote).join(' ')} "$@"`);
  }

  /** What the server has said so far. */
  log(): string {
    return this.#running.stderr();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#running.child.kill('SIGTERM');
    await this.#running.done;
  }
}

function script(path: string, line: string): void {
  writeFileSync(path, `#!/bin/sh\n${line}\n`);
  chmodSync(path, 0o755);
}

function makeKeys(directory: string, port: number): void {
  for (const name of ['host_key', 'user_key']) {
    const made = spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(directory, name)]);
    if (made.status !== 0) throw new Error(`ssh-keygen: ${made.stderr}`);
  }
  copyFileSync(join(directory, 'user_key.pub'), join(directory, 'authorized_keys'));
  const hostKey = readFileSync(join(directory, 'host_key.pub'), 'utf8');
  writeFileSync(join(directory, 'known_hosts'), `[127.0.0.1]:${port} ${hostKey}`);
  const options = [
    `IdentityFile ${join(directory, 'user_key')}`,
    'IdentitiesOnly yes',
    `UserKnownHostsFile ${join(directory, 'known_hosts')}`,
    'GlobalKnownHostsFile /dev/null',
    'StrictHostKeyChecking yes',
    'BatchMode yes',
  ];
  writeFileSync(join(directory, 'ssh_config'), `${options.join('\n')}\n`);
  /* OpenSSH takes the home directory from the user database, so HOME would not keep it from the real one. */
  const { stdout } = spawnSync('sh', ['-c', 'command -v ssh'], { encoding: 'utf8' });
  script(join(directory, 'local/ssh'), `exec ${stdout.trim()} -F ${join(directory, 'ssh_config')} "$@"`);
}

/** User databases in which root may come in, by key, and sshd's own user exists. */
function makeUsers(directory: string): void {
  const others = readFileSync('/etc/passwd', 'utf8').replace(/^(?:root|sshd):.*\n/gm, '');
  const users = [
    `root:x:0:0:root:${join(directory, 'home')}:/bin/sh`,
    'sshd:x:64999:65534::/run/sshd:/usr/sbin/nologin',
  ];
  writeFileSync(join(directory, 'passwd'), `${users.join('\n')}\n${others}`);
  writeFileSync(join(directory, 'shadow'), 'root:*:19000::::::\nsshd:*:19000::::::\n', { mode: 0o600 });
}

function writeServerConfig(directory: string, port: number): void {
  const { PATH = '' } = process.env;
  const options = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${join(directory, 'host_key')}`,
    `AuthorizedKeysFile ${join(directory, 'authorized_keys')}`,
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin prohibit-password',
    'PidFile none',
    'MaxStartups 100',
    'MaxSessions 100',
    `SetEnv PATH=${join(directory, 'remote')}:${PATH}`,
  ];
  writeFileSync(join(directory, 'sshd_config'), `${options.join('\n')}\n`);
}

/** In a mount namespace of its own, where the user databases are the test's and /run is empty. */
function startScript(directory: string): string {
  return [
    'set -e',
    'mount --make-rprivate /',
    `mount --bind ${join(directory, 'passwd')} /etc/passwd`,
    `mount --bind ${join(directory, 'shadow')} /etc/shadow`,
    'mount -t tmpfs tmpfs /run',
    'mkdir -p /run/sshd',
    `exec ${PROGRAM} -D -e -f ${join(directory, 'sshd_config')}`,
  ].join('\n');
}
