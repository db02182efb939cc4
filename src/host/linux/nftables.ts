import type { DroppingChain, Nftables, NftablesSession } from '../networking.ts';
import type { Processes } from '../process.ts';
import { NftSession } from './nft-session.ts';

interface Listed {
  readonly nftables?: readonly {
    readonly chain?: DroppingChain & { readonly hook?: string; readonly policy?: string };
  }[];
}

/** nftables by the program nft. */
export class LinuxNftables implements Nftables {
  readonly #processes: Pick<Processes, 'capture' | 'run'>;

  constructor(processes: Pick<Processes, 'capture' | 'run'>) {
    this.#processes = processes;
  }

  async apply(script: string, namespace?: string): Promise<void> {
    const [program, ...before] = namespace === undefined ? ['nft'] : ['nsenter', `--net=${namespace}`, 'nft'];
    await this.#processes.run(program ?? 'nft', [...before, '-f', '-'], { input: script });
  }

  async deleteTable(family: string, name: string): Promise<void> {
    await this.#processes.capture('nft', ['delete', 'table', family, name]);
  }

  async listTable(family: string, name: string): Promise<string> {
    return (await this.#processes.capture('nft', ['list', 'table', family, name])).stdout;
  }

  async listChain({ family, table, name }: DroppingChain): Promise<string> {
    return (await this.#processes.capture('nft', ['list', 'chain', family, table, name])).stdout;
  }

  async droppingChains(): Promise<readonly DroppingChain[]> {
    const { exitCode, stdout } = await this.#processes.capture('nft', ['-j', 'list', 'chains']);
    if (exitCode !== 0) return [];
    const { nftables = [] } = JSON.parse(stdout) as Listed;
    return nftables.flatMap(({ chain }) =>
      chain?.hook === 'forward' && chain.policy === 'drop' ? [chain] : [],
    );
  }

  session(table: string): NftablesSession {
    return new NftSession(table);
  }
}
