import { type InlineHandler, reboot } from '../../agent/handler-api.ts';
import { rebootParameters } from './parameters.ts';

/** Only asks; the agent restarts the gateway by `rebootCommand`. Interrupted before it asked, it has done nothing. */
export const rebootHandler: InlineHandler<typeof rebootParameters> = {
  operation: 'reboot',
  kind: 'inline',
  summary: 'Restarts the gateway; succeeds once it has restarted.',
  parameters: rebootParameters,
  onInterrupted: 'rerun',
  exclusive: true,
  // AWS-Reboot: no arguments (Developer Guide, job-templates-managed).
  managedTemplates: [
    {
      handler: 'reboot.sh',
      parametersOf: (args) => (args.length === 0 ? {} : `expected no arguments, got ${args.length}`),
    },
  ],
  run: async () => reboot(),
  plan: async () => ({
    actions: ['restart the gateway by the setting rebootCommand, once nothing else runs; the job goes on after it'],
    problems: [],
  }),
};
