import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { cpus, totalmem } from 'node:os';
import { invalidParameter } from '../core/errors.ts';
import { failsElsewhere } from '../core/streams.ts';
import { ENGINE_VERSION } from '../core/version.ts';
import type { Engine } from '../engine/engine.ts';

/** Serves `/metrics` in the text format of Prometheus, under the names that dockerd's dashboards look for. */
export async function serveMetrics(engine: Engine, address: string): Promise<Server> {
  const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d+)$/.exec(address);
  if (!match) throw invalidParameter(`invalid --metrics-addr ${address}: want HOST:PORT`);
  const server = createServer((request, response) => {
    if (request.url !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'Content-Type': 'text/plain; version=0.0.4' }).end(metricsText(engine));
  });
  server.listen(Number(match[3]), match[1] || match[2] || '127.0.0.1');
  await once(server, 'listening');
  return failsElsewhere(server); /* a connection that cannot be accepted is not the server's end */
}

function metricsText(engine: Engine): string {
  const states = engine.containers.list().map(({ state }) => state.status);
  const count = (...wanted: string[]) => states.filter((status) => wanted.includes(status)).length;
  const memory = process.memoryUsage();
  const cpu = process.cpuUsage();
  const metric = (name: string, type: string, help: string, ...lines: string[]) =>
    [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines.map((line) => `${name}${line}`)].join('\n');
  const stateName = 'engine_daemon_container_states_containers';
  return `${[
    metric('engine_daemon_engine_info', 'gauge', 'Version of the engine.', `{version="${ENGINE_VERSION}"} 1`),
    metric('engine_daemon_engine_cpus_cpus', 'gauge', 'CPUs of the host.', ` ${cpus().length}`),
    metric('engine_daemon_engine_memory_bytes', 'gauge', 'Memory of the host.', ` ${totalmem()}`),
    metric(
      stateName,
      'gauge',
      'Containers by state.',
      `{state="paused"} ${count('paused')}`,
      `{state="running"} ${count('running', 'restarting')}`,
      `{state="stopped"} ${count('created', 'exited', 'dead', 'removing')}`,
    ),
    metric('process_resident_memory_bytes', 'gauge', 'Resident memory of the daemon.', ` ${memory.rss}`),
    metric(
      'process_cpu_seconds_total',
      'counter',
      'CPU time of the daemon.',
      ` ${(cpu.user + cpu.system) / 1e6}`,
    ),
  ].join('\n')}\n`;
}
