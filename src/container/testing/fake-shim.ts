import type { Socket } from 'node:net';
import { type Duplex, duplexPair } from 'node:stream';
import type { RecordingHost } from '../../host/recording/host.ts';

/** The shims' side of their control connections: what daemons ask for is in `heard`, and tests say what shims would. */
export class FakeShims {
  readonly heard: string[] = [];
  #latest: Duplex | undefined;

  /** From now on, whatever the host starts detached is one of these shims: its process starts at once, with `pid`. */
  constructor(host: RecordingHost, pid = 4242) {
    host.on('processes.startDetached', async () => {
      const [near, far] = duplexPair();
      this.#latest = far;
      near.on('end', () => near.end()); /* as a socket does by itself */
      near.on('close', () => far.destroy());
      far.on('close', () => near.destroy());
      far.setEncoding('utf8').on('data', (text: string) => {
        this.heard.push(...text.split('\n').filter(Boolean));
        if (text.includes('go\n')) this.say(`pid ${pid} users ${pid - 1}`);
      });
      this.say('user found 0 0 0 =/root');
      return [Object.assign(near, { ref: () => near, unref: () => near }) as unknown as Socket];
    });
  }

  /** Says a line to the daemon. */
  say(line: string): void {
    this.#latest?.write(`${line}\n`);
  }

  /** The process of the container that was started last ends, and its shim with it. */
  exit(code: number): void {
    this.say(`exit ${code} 1000000000 0`);
    this.#latest?.end();
  }
}
