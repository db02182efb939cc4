import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { Duplex, type Readable, type Writable } from 'node:stream';
import { errnoOf, unavailable } from '../../core/errors.ts';
import type { SshEndpoint } from './endpoint.ts';

/** Seconds until an unresponsive address counts as unreachable. */
const CONNECT_TIMEOUT = 30;
/** The number of characters of ssh's error output that a message shows. */
const MAX_COMPLAINT = 4096;

type Ssh = ChildProcessByStdio<Writable, Readable, Readable>;

/** The arguments of `ssh` that reach the daemon: the remote host's barge or, if missing, its docker bridges the connection. */
function sshArguments(endpoint: SshEndpoint): string[] {
  const { hostname, user, port, socket } = endpoint;
  const host = socket === undefined ? '' : ` --host ${quote(`unix://${socket}`)}`;
  const script =
    `command -v barge >/dev/null 2>&1 && exec barge${host} system dial-stdio; ` +
    `exec docker${host} system dial-stdio`;
  return [
    '-o',
    `ConnectTimeout=${CONNECT_TIMEOUT}`,
    '-T',
    ...(user === undefined ? [] : ['-l', user]),
    ...(port === undefined ? [] : ['-p', String(port)]),
    '--',
    hostname,
    // `sh` reads the script, whatever the user's login shell is.
    `sh -c ${quote(script)}`,
  ];
}

const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

/** A connection through an `ssh` process, which ends with it. */
export function openSsh(endpoint: SshEndpoint): Duplex {
  // In a new session, so that Ctrl-C and other keys of the terminal reach only the container.
  const child = spawn('ssh', sshArguments(endpoint), { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  return new SshConnection(child, endpoint);
}

class SshConnection extends Duplex {
  readonly #child: Ssh;
  readonly #endpoint: SshEndpoint;
  #complaint = '';
  #answered = false;

  constructor(child: Ssh, endpoint: SshEndpoint) {
    super({ allowHalfOpen: true });
    this.#child = child;
    this.#endpoint = endpoint;
    child.stdout.on('data', (chunk: Buffer) => {
      this.#answered = true;
      if (!this.push(chunk)) child.stdout.pause();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#complaint = (this.#complaint + text).slice(0, MAX_COMPLAINT);
    });
    // The exit code is more informative than the failed write.
    child.stdin.on('error', () => {});
    child.on('error', (error) => this.destroy(this.#failure(error)));
    child.on('close', (code) => this.#ended(code));
    // The remote side has closed, so the connection is over even if this side has not ended.
    this.on('end', () => this.destroy());
  }

  #ended(code: number | null): void {
    if (code !== 0 && !this.#answered) this.destroy(this.#failure(undefined, code));
    else this.push(null);
  }

  #failure(cause: unknown, code?: number | null): Error {
    const { url } = this.#endpoint;
    if (errnoOf(cause) === 'ENOENT') {
      return unavailable(`cannot reach ${url}: ssh is not on the PATH: install OpenSSH's client`, {
        cause,
      });
    }
    const said = this.#complaint.trim();
    return unavailable(
      `error during connect to ${url}: ssh ended with exit status ${code ?? 'unknown'}: make sure that the ` +
        `address is right and that Barge is on the PATH there${said === '' ? '' : `: ${said}`}`,
      { cause },
    );
  }

  override _read(): void {
    this.#child.stdout.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (!this.#child.stdin.writable || this.#child.stdin.write(chunk)) done();
    else {
      const { stdin } = this.#child;
      const go = () => {
        stdin.off('drain', go).off('close', go);
        done();
      };
      stdin.on('drain', go).on('close', go);
    }
  }

  override _final(done: () => void): void {
    this.#child.stdin.end();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#child.stdin.destroy();
    this.#child.stdout.destroy();
    this.#child.kill();
    done(error);
  }
}
