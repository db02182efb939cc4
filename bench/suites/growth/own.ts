import type { Peer } from '../../peers/peer.ts';
import type { Workshop } from '../suite.ts';

/** Barge, unless the command line excludes it. */
export const ownPeer = ({ peers }: Workshop): Peer | undefined => peers.find(({ name }) => name === 'barge');
