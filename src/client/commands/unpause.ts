import { actionCommand } from '../containers/action.ts';

export const command = actionCommand({ verb: 'unpause', completes: 'running' });
