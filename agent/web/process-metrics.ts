import { readdirSync } from 'node:fs';
import type { Registry } from 'prom-client';
import { VERSION } from '../../shared/version.ts';
import { counter, gauge } from './samples.ts';

const MICROSECONDS = 1e6;

/** This process, under the names that every exporter has for it; read when it is asked for, at no other cost. */
export function addProcess(to: Registry): void {
  const { version, versions } = process;
  const build = 'Which wattdog this is.';
  gauge(to, 'wattdog_build_info', build, [[{ version: VERSION, nodejs: versions.node }, 1]]);
  const { user, system } = process.cpuUsage();
  const cpu = 'Total user and system CPU time spent in seconds.';
  counter(to, 'process_cpu_seconds_total', cpu, [[{}, (user + system) / MICROSECONDS]]);
  const start = 'Start time of the process since unix epoch in seconds.';
  gauge(to, 'process_start_time_seconds', start, [[{}, performance.timeOrigin / 1000]]);
  const memory = process.memoryUsage();
  gauge(to, 'process_resident_memory_bytes', 'Resident memory size in bytes.', [[{}, memory.rss]]);
  const files = openFiles();
  if (files !== undefined) gauge(to, 'process_open_fds', 'Number of open file descriptors.', [[{}, files]]);
  const total = 'Process heap size from Node.js in bytes.';
  gauge(to, 'nodejs_heap_size_total_bytes', total, [[{}, memory.heapTotal]]);
  const used = 'Process heap size used from Node.js in bytes.';
  gauge(to, 'nodejs_heap_size_used_bytes', used, [[{}, memory.heapUsed]]);
  const external = 'Node.js external memory size in bytes.';
  gauge(to, 'nodejs_external_memory_bytes', external, [[{}, memory.external]]);
  gauge(to, 'nodejs_version_info', 'Node.js version info.', [[{ version }, 1]]);
}

function openFiles(): number | undefined {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return undefined;
  }
}
