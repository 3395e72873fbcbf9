import { setTimeout as sleep } from 'node:timers/promises';
import type { Pipeline } from './pipeline.ts';
import type { Fault } from './schedule.ts';

/** Does one fault and, where it lasts, undoes it: after its time, or at once when the signal aborts. */
export async function carryOut(fault: Fault, pipeline: Pipeline, signal: AbortSignal): Promise<void> {
  const last = async () => {
    if ('durationMs' in fault) await sleep(fault.durationMs, undefined, { signal }).catch(() => {});
  };
  switch (fault.kind) {
    case 'kill':
      return pipeline.processes[fault.target]?.signal('SIGKILL');
    case 'terminate':
      return pipeline.processes[fault.target]?.signal('SIGTERM');
    case 'stop': {
      const target = pipeline.processes[fault.target];
      await target?.signal('SIGSTOP');
      const { pid } = target ?? {};
      await last();
      // It may have been killed meanwhile, and the next one runs.
      if (pid !== undefined && target?.pid === pid) await target.signal('SIGCONT');
      return;
    }
    case 'cut':
    case 'freeze':
    case 'delay': {
      const link = pipeline.links[fault.target];
      if (fault.kind === 'delay') link?.delay(fault.latencyMs);
      else link?.[fault.kind]();
      await last();
      return link?.heal();
    }
    case 'unplug':
      await pipeline.device.unplug();
      await last();
      return pipeline.device.plug();
    case 'full': {
      const disk = pipeline.disks[fault.target];
      disk?.fill();
      await last();
      return disk?.free();
    }
    case 'clock': {
      const { meter, agent } = pipeline.clocks;
      if (fault.target !== 'agent') meter?.set(fault.offsetMs);
      if (fault.target !== 'meter') agent?.set(fault.offsetMs);
    }
  }
}
