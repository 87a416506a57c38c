import { arch, availableParallelism, hostname, release, totalmem, type, uptime } from 'node:os';
import { type InlineHandler, succeeded } from '../../agent/handler-api.ts';
import { systemInfoParameters } from './parameters.ts';

const MIB = 1024 ** 2;

/** Nine pairs: the service takes ten (AWS IoT API Reference, CancelJobExecution), and one is left for the agent. */
export const systemInfoHandler: InlineHandler<typeof systemInfoParameters> = {
  operation: 'system-info',
  kind: 'inline',
  summary: 'Reports what the gateway is: system, hardware, versions.',
  parameters: systemInfoParameters,
  onInterrupted: 'rerun',
  plan: async () => ({ actions: ['look at the system, and tell what it is'], problems: [] }),
  run: async ({ facts }) =>
    succeeded({
      hostname: hostname(),
      os: type(),
      kernel: release(),
      arch: arch(),
      cpus: availableParallelism(),
      memoryTotalMiB: Math.round(totalmem() / MIB),
      uptimeSeconds: Math.round(uptime()),
      nodeVersion: process.versions.node,
      agentVersion: facts.agentVersion,
    }),
};
