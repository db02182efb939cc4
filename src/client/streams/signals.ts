import type { EngineClient } from '../transport/engine.ts';

/** Signals to pass on to the container; those that stop or resume the client's own job are excluded. */
const PROXIED: readonly NodeJS.Signals[] = [
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGUSR1',
  'SIGUSR2',
  'SIGALRM',
  'SIGTERM',
];

/** Passes signals on to container `id` until disposed of. */
export function proxySignals(engine: EngineClient, id: string): Disposable {
  const pass = (signal: NodeJS.Signals) => {
    // The container may have ended between the signal and its delivery.
    engine.call('POST', `/containers/${id}/kill`, { query: { signal: signal.slice(3) } }).catch(() => {});
  };
  for (const signal of PROXIED) process.on(signal, pass);
  return {
    [Symbol.dispose]() {
      for (const signal of PROXIED) process.off(signal, pass);
    },
  };
}
