import { invalidParameter } from '../../core/errors.ts';
import { findSignal } from '../../core/signals.ts';
import type {
  Arg,
  Command,
  CommandLine,
  Env,
  Expose,
  Healthcheck,
  Onbuild,
  Origin,
  Shell,
  Single,
} from '../parse/instruction.ts';
import type { StageDraft } from './draft.ts';
import { healthText, plainList, quotedList } from './history.ts';
import { exposedPorts } from './ports.ts';
import { splitVariable } from './scope.ts';

/** Instructions that change the image's configuration but not its files. */

const DEFAULT_SHELL = ['/bin/sh', '-c'];

export function planEnv(draft: StageDraft, env: Env & Origin): void {
  const pairs = env.pairs.map(
    ({ key, value }) => [draft.scope.expand(key), draft.scope.expand(value)] as const,
  );
  if (env.verb === 'LABEL') {
    draft.configure({ Labels: { ...draft.image.run.Labels, ...Object.fromEntries(pairs) } });
  } else {
    const variables = new Map((draft.image.run.Env ?? []).map(splitVariable));
    for (const [key, value] of pairs) {
      variables.set(key, value);
      draft.scope.setEnv(key, value);
    }
    draft.configure({ Env: [...variables].map(([key, value]) => `${key}=${value}`) });
  }
  draft.commit(env, [env.verb, ...pairs.map(([key, value]) => `${key}=${value}`)].join(' '));
}

export function planArg(draft: StageDraft, arg: Arg & Origin): void {
  const shown = draft.scope.declare(arg, draft.context.globals, draft.context.buildArgs);
  draft.commit(arg, `ARG ${shown.join(' ')}`);
}

/** The program and arguments of a command line; the shell form is passed to the stage's SHELL. */
export function processArgs(draft: StageDraft, command: CommandLine): readonly string[] {
  if (command.form === 'exec') return command.args;
  return [...(draft.image.run.Shell ?? DEFAULT_SHELL), command.command];
}

export function planCommand(draft: StageDraft, command: Command & Origin): void {
  const args = processArgs(draft, command.command);
  if (command.verb === 'CMD') {
    draft.configure({ Cmd: args });
    draft.ownCommand = true;
  } else {
    draft.configure({ Entrypoint: args.length > 0 ? args : null });
    // The CMD of the base image was meant for the base image's entry point.
    if (!draft.ownCommand) draft.configure({ Cmd: null });
  }
  draft.commit(command, `${command.verb} ${quotedList(args)}`);
}

export function planShell(draft: StageDraft, shell: Shell & Origin): void {
  draft.configure({ Shell: shell.shell });
  draft.commit(shell, `SHELL ${plainList(shell.shell)}`);
}

export function planUser(draft: StageDraft, user: Single & Origin): void {
  const name = draft.scope.expand(user.value);
  draft.configure({ User: name });
  draft.commit(user, `USER ${name}`);
}

export function planStopSignal(draft: StageDraft, stop: Single & Origin): void {
  const signal = draft.scope.expand(stop.value);
  if (findSignal(signal) === undefined) throw invalidParameter(`invalid signal: '${signal}'`);
  draft.configure({ StopSignal: signal });
  draft.commit(stop, `STOPSIGNAL ${signal}`);
}

export function planMaintainer(draft: StageDraft, maintainer: Single & Origin): void {
  draft.image = { ...draft.image, author: maintainer.value };
  draft.commit(maintainer, `MAINTAINER ${maintainer.value}`);
}

export function planExpose(draft: StageDraft, expose: Expose & Origin): void {
  const ports = expose.values.flatMap((value) => draft.scope.expandWords(value)).flatMap(exposedPorts);
  const added = Object.fromEntries(ports.map((port) => [port, {}]));
  draft.configure({ ExposedPorts: { ...draft.image.run.ExposedPorts, ...added } });
  draft.commit(expose, `EXPOSE ${plainList(ports)}`);
}

export function planVolume(draft: StageDraft, volume: Expose & Origin): void {
  const paths = volume.values.map((value) => draft.scope.expand(value));
  if (paths.includes('')) throw invalidParameter('VOLUME specified can not be an empty string');
  const added = Object.fromEntries(paths.map((path) => [path, {}]));
  draft.configure({ Volumes: { ...draft.image.run.Volumes, ...added } });
  draft.commit(volume, `VOLUME ${plainList(paths)}`);
}

export function planHealthcheck(draft: StageDraft, healthcheck: Healthcheck & Origin): void {
  draft.configure({ Healthcheck: healthcheck.health });
  draft.commit(healthcheck, `HEALTHCHECK ${healthText(healthcheck.health)}`);
}

export function planOnbuild(draft: StageDraft, onbuild: Onbuild & Origin): void {
  draft.configure({ OnBuild: [...(draft.image.run.OnBuild ?? []), onbuild.trigger] });
  draft.commit(onbuild, `ONBUILD ${onbuild.trigger}`);
}
