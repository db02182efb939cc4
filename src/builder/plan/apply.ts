import type { Instruction } from '../parse/instruction.ts';
import {
  planArg,
  planCommand,
  planEnv,
  planExpose,
  planHealthcheck,
  planMaintainer,
  planOnbuild,
  planShell,
  planStopSignal,
  planUser,
  planVolume,
} from './config-verbs.ts';
import { planCopy } from './copy-plan.ts';
import type { StageDraft } from './draft.ts';
import { planRun, planWorkdir } from './run-plan.ts';

/** Adds one instruction to a stage. */
export async function applyInstruction(draft: StageDraft, instruction: Instruction): Promise<void> {
  switch (instruction.verb) {
    case 'RUN':
      return await planRun(draft, instruction);
    case 'COPY':
    case 'ADD':
      return await planCopy(draft, instruction);
    case 'ENV':
    case 'LABEL':
      return planEnv(draft, instruction);
    case 'ARG':
      return planArg(draft, instruction);
    case 'CMD':
    case 'ENTRYPOINT':
      return planCommand(draft, instruction);
    case 'SHELL':
      return planShell(draft, instruction);
    case 'WORKDIR':
      return planWorkdir(draft, instruction);
    case 'USER':
      return planUser(draft, instruction);
    case 'STOPSIGNAL':
      return planStopSignal(draft, instruction);
    case 'MAINTAINER':
      return planMaintainer(draft, instruction);
    case 'EXPOSE':
      return planExpose(draft, instruction);
    case 'VOLUME':
      return planVolume(draft, instruction);
    case 'HEALTHCHECK':
      return planHealthcheck(draft, instruction);
    case 'ONBUILD':
      return planOnbuild(draft, instruction);
  }
}
