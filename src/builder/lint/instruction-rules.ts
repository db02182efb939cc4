import { trimEndOf } from '../../core/trim.ts';
import type { Stage } from '../parse/dockerfile.ts';
import type { Copy, Instruction, Origin } from '../parse/instruction.ts';
import type { LintContext, Report } from './context.ts';
import {
  COPY_IGNORED_FILE,
  EXPOSE_INVALID_FORMAT,
  EXPOSE_PROTO_CASING,
  JSON_ARGS_RECOMMENDED,
  LEGACY_KEY_VALUE_FORMAT,
  MAINTAINER_DEPRECATED,
  MULTIPLE_INSTRUCTIONS_DISALLOWED,
  SECRETS_USED_IN_ARG_OR_ENV,
  WORKDIR_RELATIVE_PATH,
} from './rules.ts';

/** Parts of names that indicate secrets, unless another part indicates that the value is public. */
const SECRET = /(^|_)(apikey|auth|credential|credentials|key|password|pword|passwd|secret|token)($|_)/i;
const PUBLIC = /(^|_)public($|_)/i;
const ONCE = ['CMD', 'ENTRYPOINT', 'HEALTHCHECK'];

/** Rules about single instructions, and about all instructions of a stage. */
export function lintInstructions(context: LintContext, report: Report): void {
  for (const { args, span } of context.dockerfile.globalArgs) {
    for (const { key } of args) lintSecret('ARG', key, span, report);
  }
  for (const stage of context.dockerfile.stages) {
    lintRepeated(stage, report);
    lintWorkdirs(context, stage, report);
    for (const instruction of stage.instructions) lintOne(context, stage, instruction, report);
  }
}

function lintOne(context: LintContext, stage: Stage, instruction: Instruction, report: Report): void {
  const { span, text } = instruction;
  switch (instruction.verb) {
    case 'CMD':
    case 'ENTRYPOINT':
      if (instruction.command.form === 'shell' && !stage.instructions.some(({ verb }) => verb === 'SHELL')) {
        report(JSON_ARGS_RECOMMENDED, span, instruction.verb);
      }
      return;
    case 'MAINTAINER':
      report(MAINTAINER_DEPRECATED, span);
      return;
    case 'ENV':
    case 'LABEL': {
      const { verb } = instruction;
      if (/^\w+\s+[^\s="']+\s+[^\s=]/.test(text) && instruction.pairs.length === 1) {
        report(LEGACY_KEY_VALUE_FORMAT, span, verb);
      }
      if (verb === 'ENV') for (const { key } of instruction.pairs) lintSecret(verb, key, span, report);
      return;
    }
    case 'ARG':
      for (const { key } of instruction.args) lintSecret('ARG', key, span, report);
      return;
    case 'EXPOSE':
      for (const value of instruction.values) lintPort(value, span, report);
      return;
    case 'COPY':
    case 'ADD':
      lintIgnored(context, instruction, report);
      return;
    default:
      return;
  }
}

function lintSecret(verb: string, key: string, span: Origin['span'], report: Report): void {
  if (!SECRET.test(key) || PUBLIC.test(key)) return;
  report(SECRETS_USED_IN_ARG_OR_ENV, span, verb, key);
}

function lintPort(value: string, span: Origin['span'], report: Report): void {
  const protocol = value.split('/')[1] ?? '';
  if (!value.includes('$') && protocol !== protocol.toLowerCase()) {
    report(EXPOSE_PROTO_CASING, span, value);
  }
  if (!value.includes('$') && value.includes(':')) {
    report(EXPOSE_INVALID_FORMAT, span, value);
  }
}

/** Only the last one has an effect. */
function lintRepeated({ instructions }: Stage, report: Report): void {
  for (const verb of ONCE) {
    for (const { span } of instructions.filter((instruction) => instruction.verb === verb).slice(0, -1)) {
      report(MULTIPLE_INSTRUCTIONS_DISALLOWED, span, verb);
    }
  }
}

/** A relative directory is safe only after an absolute one of this Dockerfile. */
function lintWorkdirs({ dockerfile }: LintContext, stage: Stage, report: Report): void {
  let absolute = dockerfile.stages.some(
    ({ from }) => from.name !== undefined && from.name === stage.from.image,
  );
  for (const instruction of stage.instructions) {
    if (instruction.verb !== 'WORKDIR') continue;
    const { value, span } = instruction;
    if (value.startsWith('/') || value.startsWith('$')) absolute = true;
    else if (!absolute) {
      report(WORKDIR_RELATIVE_PATH, span, value);
    }
  }
}

function lintIgnored({ ignore }: LintContext, copy: Copy & Origin, report: Report): void {
  if (!ignore || copy.from !== undefined) return;
  for (const source of copy.sources) {
    if (/[*?[$]|^\w+:\/\//.test(source)) continue;
    const path = trimEndOf(source.replace(/^(\.?\/)+/, ''), '/');
    if (path === '' || path === '.' || !ignore.judge(path).matched || ignore.mayWantBelow(path)) continue;
    report(COPY_IGNORED_FILE, copy.span, source);
  }
}
