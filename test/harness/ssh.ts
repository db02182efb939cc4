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

  private constructor(folder: string, port: number, running: Running) {
    this.url = `ssh://root@127.0.0.1:${port}`;
    this.bin = join(folder, 'remote');
    this.path = `${join(folder, 'local')}:${process.env.PATH}`;
    this.#running = running;
  }

  static async start(folder: string): Promise<SshServer> {
    for (const name of ['', 'local', 'remote', 'home']) mkdirSync(join(folder, name));
    const port = await freePort();
    makeKeys(folder, port);
    makeUsers(folder);
    writeServerConfig(folder, port);
    const server = new SshServer(
      folder,
      port,
      start(['unshare', '--mount', 'sh', '-c', startScript(folder)]),
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

function makeKeys(folder: string, port: number): void {
  for (const name of ['host_key', 'user_key']) {
    const made = spawnSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, name)]);
    if (made.status !== 0) throw new Error(`ssh-keygen: ${made.stderr}`);
  }
  copyFileSync(join(folder, 'user_key.pub'), join(folder, 'authorized_keys'));
  const hostKey = readFileSync(join(folder, 'host_key.pub'), 'utf8');
  writeFileSync(join(folder, 'known_hosts'), `[127.0.0.1]:${port} ${hostKey}`);
  const options = [
    `IdentityFile ${join(folder, 'user_key')}`,
    'IdentitiesOnly yes',
    `UserKnownHostsFile ${join(folder, 'known_hosts')}`,
    'GlobalKnownHostsFile /dev/null',
    'StrictHostKeyChecking yes',
    'BatchMode yes',
  ];
  writeFileSync(join(folder, 'ssh_config'), `${options.join('\n')}\n`);
  /* OpenSSH takes the home folder from the user database, so HOME would not keep it from the real one. */
  const { stdout } = spawnSync('sh', ['-c', 'command -v ssh'], { encoding: 'utf8' });
  script(join(folder, 'local/ssh'), `exec ${stdout.trim()} -F ${join(folder, 'ssh_config')} "$@"`);
}

/** User databases in which root may come in, by key, and sshd's own user exists. */
function makeUsers(folder: string): void {
  const others = readFileSync('/etc/passwd', 'utf8').replace(/^(?:root|sshd):.*\n/gm, '');
  const users = [
    `root:x:0:0:root:${join(folder, 'home')}:/bin/sh`,
    'sshd:x:64999:65534::/run/sshd:/usr/sbin/nologin',
  ];
  writeFileSync(join(folder, 'passwd'), `${users.join('\n')}\n${others}`);
  writeFileSync(join(folder, 'shadow'), 'root:*:19000::::::\nsshd:*:19000::::::\n', { mode: 0o600 });
}

function writeServerConfig(folder: string, port: number): void {
  const { PATH = '' } = process.env;
  const options = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${join(folder, 'host_key')}`,
    `AuthorizedKeysFile ${join(folder, 'authorized_keys')}`,
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin prohibit-password',
    'PidFile none',
    'MaxStartups 100',
    'MaxSessions 100',
    `SetEnv PATH=${join(folder, 'remote')}:${PATH}`,
  ];
  writeFileSync(join(folder, 'sshd_config'), `${options.join('\n')}\n`);
}

/** In a mount namespace of its own, where the user databases are the test's and /run is empty. */
function startScript(folder: string): string {
  return [
    'set -e',
    'mount --make-rprivate /',
    `mount --bind ${join(folder, 'passwd')} /etc/passwd`,
    `mount --bind ${join(folder, 'shadow')} /etc/shadow`,
    'mount -t tmpfs tmpfs /run',
    'mkdir -p /run/sshd',
    `exec ${PROGRAM} -D -e -f ${join(folder, 'sshd_config')}`,
  ].join('\n');
}
