import { type InlineHandler, powerOff } from '../../agent/handler-api.ts';
import { shutdownParameters } from './parameters.ts';

/** Only asks; the agent powers the gateway off by `shutdownCommand`. Interrupted before it asked, it has done nothing. */
export const shutdownHandler: InlineHandler<typeof shutdownParameters> = {
  operation: 'shutdown',
  kind: 'inline',
  summary: 'Powers the gateway off; succeeds when it has been switched on again.',
  parameters: shutdownParameters,
  onInterrupted: 'rerun',
  exclusive: true,
  run: async () => powerOff(),
  plan: async () => ({
    actions: [
      'power the gateway off by the setting shutdownCommand, once nothing else runs; the job is IN_PROGRESS until it is on again',
    ],
    problems: [],
  }),
};
