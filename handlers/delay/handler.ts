import { type InlineHandler, retryLater, succeeded } from '../../agent/handler-api.ts';
import { delayParameters } from './parameters.ts';

/** Asks once to be tried later, which the agent remembers through restarts, and is over when it is. */
export const delayHandler: InlineHandler<typeof delayParameters> = {
  operation: 'delay',
  kind: 'inline',
  summary: 'Waits before the next step of the job; other jobs run meanwhile.',
  parameters: delayParameters,
  onInterrupted: 'rerun',
  plan: async ({ seconds }) => ({ actions: [`wait ${seconds} s`], problems: [] }),
  run: async ({ attempt }, { seconds }) =>
    attempt > 1 ? succeeded({ delaySeconds: seconds }) : retryLater(`for ${seconds} s, as the document says`, seconds),
};
