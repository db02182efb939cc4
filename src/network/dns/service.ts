import type { Host } from '../../host/host.ts';
import { NameDirectory } from './directory.ts';
import { NameServer, type NameView } from './server.ts';
import { Upstream } from './upstream.ts';

/** Ports inside of a container's namespace that 127.0.0.11:53 is translated to: port 53 itself remains free for the container. */
export interface NamePorts {
  readonly udp: number;
  readonly tcp: number;
}

/** The parts of the host that name servers need. */
interface NameHost {
  readonly namespaces: Pick<Host['namespaces'], 'open'>;
  readonly nftables: Pick<Host['nftables'], 'apply'>;
}

/** The name servers of all containers on user-defined networks. */
export class NameService implements Disposable {
  readonly directory = new NameDirectory();
  readonly #host: NameHost;
  readonly #upstream = new Upstream();
  readonly #servers = new Map<string, NameServer>();

  constructor(host: NameHost) {
    this.#host = host;
  }

  /** Opens a server without any names, for a future container. */
  async prepare(sandbox: string): Promise<void> {
    await this.open(sandbox, { networks: [], links: new Map(), servers: [] });
  }

  /** Sets the view of the server that `prepare` opened, or opens a server. @param sandbox path of the network namespace. */
  async open(sandbox: string, view: NameView): Promise<NamePorts> {
    const prepared = this.#servers.get(sandbox);
    if (prepared) {
      prepared.view = view;
      return prepared.ports;
    }
    const sockets = await this.#host.namespaces.open(sandbox, { udp: 0, tcp: 0 });
    const server = new NameServer(sockets, this.directory, this.#upstream, view);
    this.#servers.set(sandbox, server);
    try {
      await translate(this.#host.nftables, sandbox, server.ports);
    } catch (error) {
      this.close(sandbox);
      throw error;
    }
    return server.ports;
  }

  /** Serves a container that outlived the last daemon, at the ports that it already uses. */
  async reopen(sandbox: string, view: NameView, ports: NamePorts): Promise<NamePorts> {
    try {
      const sockets = await this.#host.namespaces.open(sandbox, ports);
      this.#servers.set(sandbox, new NameServer(sockets, this.directory, this.#upstream, view));
      return ports;
    } catch {
      return await this.open(sandbox, view); /* something inside has taken the port meanwhile */
    }
  }

  isOpen(sandbox: string): boolean {
    return this.#servers.has(sandbox);
  }

  change(sandbox: string, view: NameView): void {
    const server = this.#servers.get(sandbox);
    if (server) server.view = view;
  }

  close(sandbox: string): void {
    this.#servers.get(sandbox)?.[Symbol.dispose]();
    this.#servers.delete(sandbox);
  }

  [Symbol.dispose](): void {
    for (const sandbox of [...this.#servers.keys()]) this.close(sandbox);
  }
}

/** The rules are in the container's own namespace, where no firewall of the host interferes. */
async function translate(
  nftables: NameHost['nftables'],
  sandbox: string,
  { udp, tcp }: NamePorts,
): Promise<void> {
  await nftables.apply(
    `
table ip barge_names {}
delete table ip barge_names
table ip barge_names {
  chain output {
    type nat hook output priority -100;
    ip daddr 127.0.0.11 udp dport 53 dnat to 127.0.0.11:${udp}
    ip daddr 127.0.0.11 tcp dport 53 dnat to 127.0.0.11:${tcp}
  }
}
`,
    sandbox,
  );
}
