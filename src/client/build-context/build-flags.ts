import { invalidParameter } from '../../core/errors.ts';
import { checkHost } from '../create/checks.ts';
import { parseUlimit } from '../create/devices.ts';
import { checkEnv, checkLabel } from '../create/key-values.ts';
import type { Flag } from '../flag-types.ts';
import { type FlagValues, splitPair } from '../flags.ts';
import type { Query } from '../transport/engine.ts';

/** The values of `--progress`. */
export const PROGRESS_MODES = ['auto', 'plain', 'tty', 'quiet', 'rawjson'];

export const BUILD_FLAGS = [
  { name: 'add-host', type: 'list', description: 'Add a name to /etc/hosts, name:ip', check: checkHost },
  {
    name: 'build-arg',
    type: 'list',
    description: 'Set a build argument, or pass on the variable of this name',
    check: checkEnv,
  },
  {
    name: 'cache-from',
    type: 'list',
    description: 'Cache to import: an image, or type=registry|local with ref= or src=',
  },
  {
    name: 'allow',
    type: 'strings',
    description: 'Allow RUN the host network or all privileges',
    check: checkEntitlement,
  },
  { name: 'annotation', type: 'list', description: 'Annotate the image, [manifest|index:]key=value' },
  { name: 'attest', type: 'list', description: 'Attestation: type=provenance or type=sbom' },
  { name: 'build-context', type: 'list', description: 'Additional context: NAME=DIRECTORY, image or URL' },
  {
    name: 'cache-to',
    type: 'list',
    description: 'Where to export the cache: type=inline|registry|local[,mode=max]',
  },
  {
    name: 'call',
    type: 'string',
    description: 'Method to evaluate the Dockerfile: build, check, outline or targets[,format=json]',
    check: checkCall,
  },
  { name: 'check', type: 'bool', description: 'Check the Dockerfile without building' },
  { name: 'cgroup-parent', type: 'string', description: 'Parent cgroup of RUN steps' },
  { name: 'compress', type: 'bool', description: 'Compress the context with gzip' },
  { name: 'cpu-period', type: 'int', description: 'Period of the CPU scheduler, microseconds' },
  { name: 'cpu-quota', type: 'int', description: 'CPU time in a period, microseconds' },
  { name: 'cpu-shares', short: 'c', type: 'int', description: 'Weight against other containers' },
  { name: 'cpuset-cpus', type: 'string', description: 'CPUs to run on (0-3, 0,1)' },
  { name: 'cpuset-mems', type: 'string', description: 'Memory nodes to use (0-3, 0,1)' },
  {
    name: 'disable-content-trust',
    type: 'bool',
    default: 'true',
    description: 'Accepted for compatibility; ignored',
  },
  { name: 'explain', type: 'bool', description: 'Explain why each step was not cached' },
  { name: 'file', short: 'f', type: 'string', description: 'The Dockerfile; - for standard input' },
  { name: 'force-rm', type: 'bool', description: 'Remove intermediate containers even after a failure' },
  { name: 'iidfile', type: 'string', description: 'File to write the id of the image to' },
  { name: 'isolation', type: 'string', description: 'Isolation technology' },
  { name: 'label', type: 'list', description: 'Set a label of the image, key=value', check: checkLabel },
  {
    name: 'load',
    type: 'bool',
    default: 'true',
    description: 'Store the image in the daemon, as every build does',
  },
  { name: 'memory', short: 'm', type: 'bytes', description: 'Memory limit of a RUN step' },
  { name: 'memory-swap', type: 'swap', description: 'Memory and swap together, -1 for no limit' },
  { name: 'metadata-file', type: 'string', description: 'File to write build metadata to, as JSON' },
  { name: 'network', type: 'string', default: 'default', description: 'Network of RUN steps' },
  { name: 'no-cache', type: 'bool', description: 'Run every step again' },
  { name: 'no-cache-filter', type: 'strings', description: 'Run every step of this stage again' },
  {
    name: 'output',
    short: 'o',
    type: 'list',
    description:
      'Where to write the result: DIRECTORY, - or type=local|tar|docker|oci|image|registry,dest=FILE',
  },
  { name: 'platform', type: 'strings', description: 'Platforms to build for, os/arch[/variant]' },
  {
    name: 'progress',
    type: 'string',
    default: 'auto',
    description: 'How to show progress: auto, plain, tty, quiet or rawjson',
    completes: PROGRESS_MODES,
  },
  {
    name: 'provenance',
    type: 'string',
    description: 'Add a provenance attestation: true, mode=min|max; --attest type=provenance',
  },
  { name: 'pull', type: 'bool', description: 'Always pull newer base images' },
  { name: 'push', type: 'bool', description: 'Push the image to its registry' },
  { name: 'quiet', short: 'q', type: 'bool', description: 'Print only the id of the image' },
  { name: 'rm', type: 'bool', default: 'true', description: 'Remove intermediate containers' },
  { name: 'sbom', type: 'string', description: 'Add an SBOM attestation; short for --attest type=sbom' },
  { name: 'secret', type: 'list', description: 'A secret for RUN: id=ID[,src=FILE][,env=VARIABLE]' },
  { name: 'security-opt', type: 'strings', description: 'Security option of RUN steps' },
  { name: 'shm-size', type: 'bytes', description: 'Size of /dev/shm in RUN steps' },
  { name: 'ssh', type: 'list', description: 'An ssh agent for RUN: default, or ID=SOCKET' },
  { name: 'squash', type: 'bool', description: 'Squash the new layers into one' },
  { name: 'tag', short: 't', type: 'list', description: 'Name of the image, name[:tag]' },
  { name: 'target', type: 'string', description: 'Stage to build' },
  { name: 'ulimit', type: 'ulimit', description: 'Process limit of RUN steps', check: parseUlimit },
] as const satisfies readonly Flag[];

const NUMBERS = [
  ['memory', 'memory'],
  ['memory-swap', 'memswap'],
  ['cpu-shares', 'cpushares'],
  ['cpu-period', 'cpuperiod'],
  ['cpu-quota', 'cpuquota'],
  ['shm-size', 'shmsize'],
] as const;
const TEXTS = [
  ['cpuset-cpus', 'cpusetcpus'],
  ['cpuset-mems', 'cpusetmems'],
  ['cgroup-parent', 'cgroupparent'],
  ['network', 'networkmode'],
  ['target', 'target'],
] as const;

/** The query of `POST /build` for the flags of `build`. */
export function buildQuery(flags: FlagValues, proxies: Readonly<Record<string, string>> = {}): Query {
  const numbers = NUMBERS.map(([flag, name]) => [name, flags.has(flag) ? flags.number(flag) : undefined]);
  const texts = TEXTS.map(([flag, name]) => [name, flags.text(flag) || undefined]);
  const hosts = flags.list('add-host').map((value) => value.replace('=', ':'));
  return {
    ...Object.fromEntries(numbers),
    ...Object.fromEntries(texts),
    t: flags.list('tag'),
    nocache: flags.bool('no-cache'),
    nocachefilter: flags.list('no-cache-filter'),
    allow: flags.list('allow'),
    call: callOf(flags).call,
    platform: flags.list('platform'),
    annotation: flags.list('annotation'),
    attest: attestationsOf(flags),
    pull: flags.bool('pull'),
    squash: flags.bool('squash'),
    // Sent in both cases, because the API's own default is 1.
    rm: flags.bool('rm') ? '1' : '0',
    forcerm: flags.bool('force-rm'),
    extrahosts: hosts.length > 0 ? hosts.join(',') : undefined,
    buildargs: json({ ...proxies, ...buildArguments(flags.list('build-arg')) }),
    labels: json(flags.map('label')),
    ulimits: flags.has('ulimit') ? JSON.stringify(flags.list('ulimit').map(parseUlimit)) : undefined,
    securityopt: flags.has('security-opt') ? JSON.stringify(flags.list('security-opt')) : undefined,
  };
}

/** An argument without a value takes the client's variable, or null: unset. */
function buildArguments(values: readonly string[]): Record<string, string | null> {
  return Object.fromEntries(
    values.map((value) => (value.includes('=') ? splitPair(value) : [value, process.env[value] ?? null])),
  );
}

function json(object: Readonly<Record<string, unknown>>): string | undefined {
  return Object.keys(object).length === 0 ? undefined : JSON.stringify(object);
}

/** The method that `--call` or `--check` selects, and whether its output is JSON. */
export function callOf(flags: FlagValues): { readonly call: string; readonly json: boolean } {
  const [call = '', ...options] = flags.text('call').split(',');
  const asked = flags.bool('check') ? 'check' : call || 'build';
  return { call: asked, json: options.includes('format=json') };
}

function checkCall(value: string): void {
  const [call = '', ...options] = value.split(',');
  const wrong = options.find((option) => !/^format=(json|text)$/.test(option));
  if (wrong !== undefined) throw invalidParameter(`invalid call option "${wrong}": want format=json`);
  if (!['build', 'check', 'outline', 'targets'].includes(call)) {
    throw invalidParameter(`--call=${call} is not supported: want build, check, outline or targets`);
  }
}

/** `--provenance` and `--sbom` are short for `--attest`. */
function attestationsOf(flags: FlagValues): string[] {
  const short = ['provenance', 'sbom'].filter((name) => flags.has(name));
  return [...flags.list('attest').map(typed), ...short.map((name) => attestation(name, flags.text(name)))];
}

/** `--attest provenance` names only a type. */
const typed = (text: string) => (text.includes('=') ? text : `type=${text}`);

function attestation(type: string, value: string): string {
  if (['true', '1', ''].includes(value)) return `type=${type}`;
  if (['false', '0'].includes(value)) return `type=${type},disabled=true`;
  return `type=${type},${value}`;
}

function checkEntitlement(value: string): void {
  if (!/^(network\.host|security\.insecure|device(=.+)?)$/.test(value)) {
    throw invalidParameter(`invalid entitlement: ${value}: want network.host, security.insecure or device`);
  }
}

/** @throws BargeError invalid-parameter for options that Barge does not support but that would change the result. */
export function refuseUnsupported(flags: FlagValues): void {
  const isolation = flags.text('isolation');
  if (isolation !== '' && isolation !== 'default') {
    throw invalidParameter(`invalid isolation: ${isolation}: Linux supports only "default"`);
  }
  if (flags.bool('squash')) throw invalidParameter('--squash is not supported: use several stages instead');
  if (!flags.bool('load')) {
    throw invalidParameter('--load=false is not supported: a build always stores its image in the daemon');
  }
}
