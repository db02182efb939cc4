import { posix } from 'node:path';
import { forbidden, invalidParameter } from '../../core/errors.ts';
import { heredocStart, heredocText } from '../parse/heredoc.ts';
import type { CommandLine, Origin, Run, Single } from '../parse/instruction.ts';
import type { DeviceRequest } from '../worker.ts';
import { processArgs } from './config-verbs.ts';
import type { StageDraft } from './draft.ts';
import type { InlineFile } from './graph.ts';
import { LAYER_MARK, runText } from './history.ts';
import { planMounts } from './mounts.ts';

/** The path of a heredoc that starts with `#!`, as a program. */
const SCRIPT_DIRECTORY = '/dev/pipes';

export async function planRun(draft: StageDraft, run: Run & Origin): Promise<void> {
  const { command, scripts } = withHeredocs(run);
  const args = scripts.length > 0 ? scripts.map((script) => script.path) : processArgs(draft, command);
  const { WorkingDir, User } = draft.image.run;
  checkAllowed(draft, run);
  const asked = run.devices.map((text) => readDevice(draft.scope.expand(text)));
  const devices = allowedDevices(draft, asked);
  const network =
    run.network === undefined || run.network === 'default' ? draft.context.network : run.network;
  draft.operation = {
    kind: 'exec',
    base: draft.operation,
    architecture: draft.image.architecture,
    args,
    env: draft.scope.env(),
    transientEnv: draft.context.buildArgs.proxies(),
    cwd: WorkingDir || '/',
    user: User ?? '',
    network,
    security: run.security ?? 'sandbox',
    devices,
    mounts: await planMounts(draft, run),
    scripts,
  };
  draft.commit(run, `RUN ${runText(args, draft.scope.argValues())}${LAYER_MARK}`);
}

/** `NAME[,required]`, or `name=NAME[,required=true|false]`; the name of a device also contains an equals sign. */
function readDevice(text: string): DeviceRequest {
  let name = '';
  let required = false;
  for (const field of text.split(',')) {
    const [key = '', value = 'true'] = field.split(/=(.*)/s);
    if (key.toLowerCase() === 'required') required = value !== 'false';
    else name = key.toLowerCase() === 'name' ? value : field;
  }
  if (!/^[\w.-]+\/[\w.-]+=[\w.:*-]+$/.test(name)) {
    throw invalidParameter(`RUN --device=${text}: want a CDI name, vendor/class=device`);
  }
  return { name, required };
}

/** The devices that the build may use. @throws BargeError forbidden for another one that the step requires. */
function allowedDevices(draft: StageDraft, devices: readonly DeviceRequest[]): DeviceRequest[] {
  const { entitlements } = draft.context;
  const names = (name: string) => ['device', `device=${name}`, `device=${name.split('=')[0]}`];
  const allowed = devices.filter(({ name }) => names(name).some((one) => entitlements.includes(one)));
  const refused = devices.find((device) => device.required && !allowed.includes(device));
  if (!refused) return allowed;
  throw forbidden(`granting entitlement device is not allowed: build with --allow device=${refused.name}`);
}

/** @throws BargeError forbidden for an entitlement that the build was not granted. */
function checkAllowed(draft: StageDraft, run: Run): void {
  const { entitlements, network } = draft.context;
  const needed = [
    ...(run.security === 'insecure' ? ['security.insecure'] : []),
    ...(run.network === 'host' && network !== 'host' ? ['network.host'] : []),
  ];
  const missing = needed.find((name) => !entitlements.includes(name));
  if (missing !== undefined) {
    throw forbidden(`granting entitlement ${missing} is not allowed: build with --allow ${missing}`);
  }
}

/** The command with its heredocs: a single one is the script itself, others are passed to the shell. */
function withHeredocs(run: Run): { command: CommandLine; scripts: InlineFile[] } {
  const { command, heredocs } = run;
  const [first] = heredocs;
  if (command.form === 'exec' || !first) return { command, scripts: [] };
  if (heredocStart(command.command, '\\')) {
    const text = heredocText(first);
    if (text.startsWith('#!')) {
      return { command, scripts: [{ path: `${SCRIPT_DIRECTORY}/${first.name}`, content: text }] };
    }
    return { command: { form: 'shell', command: text }, scripts: [] };
  }
  const documents = heredocs.map((heredoc) => `\n${heredoc.content}${heredoc.name}`).join('');
  return { command: { form: 'shell', command: command.command + documents }, scripts: [] };
}

/** WORKDIR sets the directory and creates it, owned by the current USER. */
export function planWorkdir(draft: StageDraft, workdir: Single & Origin): void {
  const path = posix.resolve('/', draft.image.run.WorkingDir ?? '/', draft.scope.expand(workdir.value));
  draft.configure({ WorkingDir: path });
  if (path !== '/') {
    const user = draft.image.run.User ?? '';
    draft.operation = { kind: 'directory', base: draft.operation, path, user };
  }
  draft.commit(workdir, `WORKDIR ${path}`);
}
