import { killRefusal } from '../../container/life/refusals.ts';
import { noSuchContainer } from '../../container/model.ts';
import { SIGKILL, signalNumber } from '../../core/signals.ts';
import { type FollowContext, follow } from './follow.ts';

/** Sends a signal; SIGKILL also waits for the end, so that what follows sees it. */
export async function killContainer(ctx: FollowContext, ref: string, signalName: string): Promise<void> {
  const signal = signalNumber(signalName || 'SIGKILL');
  const { definition, state } = ctx.containers.find(ref);
  const { id } = definition;
  const refusal = killRefusal(state, definition, ref);
  if (refusal) throw refusal;
  const { applied, end } = await follow(ctx, id, { type: 'kill', signal, ref });
  if (applied === 'gone') throw noSuchContainer(ref);
  if (signal === SIGKILL && applied === 'done') await end;
}
