import { runToEnd } from '../measure/process.ts';
import type { Peer, Subject } from '../peers/peer.ts';

/** A peer's own client. */
export const ownClient = (peer: Peer): Subject => peer.subjects[0] as Subject;

/** Runs the work while each peer has a sleeping container of this name. */
export async function withIdle<T>(peers: readonly Peer[], name: string, work: () => Promise<T>): Promise<T> {
  const started: Subject[] = [];
  try {
    for (const client of peers.map(ownClient)) {
      started.push(client);
      runToEnd(client.command(['run', '-d', '--name', name, 'busybox', 'sleep', '3600']));
    }
    return await work();
  } finally {
    for (const client of started) runToEnd(client.command(['rm', '-f', name]));
  }
}
