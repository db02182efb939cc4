import type { ContainerConfig } from '../../api/engine/containers.ts';
import { invalidParameter } from '../../core/errors.ts';
import { signalNumber } from '../../core/signals.ts';

/** The shortest duration of a health check, in nanoseconds. */
const MIN_DURATION = 1_000_000;

/** @throws BargeError invalid-parameter, in docker's words, for a configuration that no container can have. */
export function checkConfig(config: ContainerConfig): void {
  const { WorkingDir: directory, StopSignal: signal } = config;
  if (directory && !directory.startsWith('/')) {
    throw invalidParameter(
      `the working directory '${directory}' is invalid, it needs to be an absolute path`,
    );
  }
  if (signal) signalNumber(signal);
  for (const entry of config.Env ?? []) {
    if (entry === '' || entry.startsWith('='))
      throw invalidParameter(`invalid environment variable: ${entry}`);
    if (entry.includes('\0')) throw invalidParameter('invalid environment variable: it contains a zero byte');
  }
  for (const port of Object.keys(config.ExposedPorts ?? {})) assertPort(port);
  checkHealth(config);
}

function checkHealth({ Healthcheck: check }: ContainerConfig): void {
  if (!check) return;
  const [kind] = check.Test ?? [];
  if (kind && !['NONE', 'CMD', 'CMD-SHELL'].includes(kind)) {
    throw invalidParameter(`Unknown type "${kind}" in Healthcheck: want NONE, CMD or CMD-SHELL`);
  }
  for (const name of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval'] as const) {
    const value = check[name];
    if (value && value < MIN_DURATION) {
      throw invalidParameter(`${name} in Healthcheck cannot be less than 1ms`);
    }
  }
  if ((check.Retries ?? 0) < 0) throw invalidParameter('Retries in Healthcheck cannot be negative');
}

/** `80`, `80/tcp`, `8000-8010/udp`. @throws BargeError invalid-parameter. */
export function assertPort(text: string): void {
  const match = /^(\d+)(?:-(\d+))?(?:\/(\w+))?$/.exec(text);
  const [, first, last = first, protocol = 'tcp'] = match ?? [];
  const valid = Number(first) > 0 && Number(last) <= 65535 && Number(last) >= Number(first);
  if (!match || !valid || !['tcp', 'udp', 'sctp'].includes(protocol.toLowerCase())) {
    throw invalidParameter(`invalid port specification: "${text}"`);
  }
}
