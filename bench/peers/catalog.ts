import { barge } from './barge.ts';
import { docker } from './docker.ts';
import type { PeerKind } from './peer.ts';
import { podman } from './podman.ts';

/** Barge is first: ratios are relative to it. */
export const PEERS: readonly PeerKind[] = [barge, docker, podman];
