import { actionCommand } from '../containers/action.ts';

export const command = actionCommand({ verb: 'pause', completes: 'running' });
