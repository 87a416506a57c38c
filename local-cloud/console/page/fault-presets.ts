/** Faults that a device should survive, ready to be switched on. docs/local-cloud-faults.md explains each. */

/** A rule as the admin API takes it; what is left out has a default. */
export interface FaultRule {
  readonly id: string;
  readonly on: string;
  readonly fault: string;
  readonly operation?: string;
  readonly thingName?: string;
  readonly probability?: number;
  readonly count?: number;
  readonly delayMs?: number;
  readonly how?: string;
}

export interface FaultPreset {
  readonly name: string;
  readonly about: string;
  readonly rule: FaultRule;
}

export const FAULT_PRESETS: readonly FaultPreset[] = [
  {
    name: 'Notifications lost',
    about: 'No notify and no notify-next arrives.',
    rule: { id: 'notifications-lost', on: 'notification', fault: 'lost' },
  },
  {
    name: 'Notifications twice',
    about: 'Each notification arrives two times, as QoS 1 allows.',
    rule: { id: 'notifications-twice', on: 'notification', fault: 'doubled' },
  },
  {
    name: 'Answers lost',
    about: 'Three in ten answers never arrive; what was asked for is done.',
    rule: { id: 'answers-lost', on: 'answer', fault: 'lost', probability: 0.3 },
  },
  {
    name: 'Answers late',
    about: 'Each answer takes five seconds.',
    rule: { id: 'answers-late', on: 'answer', fault: 'late', delayMs: 5_000 },
  },
  {
    name: 'Requests lost',
    about: 'Three in ten requests never reach the service.',
    rule: { id: 'requests-lost', on: 'request', fault: 'lost', probability: 0.3 },
  },
  {
    name: 'Throttling',
    about: 'Every second request is refused with RequestThrottled.',
    rule: { id: 'throttling', on: 'request', fault: 'throttled', probability: 0.5 },
  },
  {
    name: 'InternalError, though done',
    about: 'Every second update is refused with InternalError after it was done.',
    rule: {
      id: 'error-though-done',
      on: 'request',
      operation: 'UpdateJobExecution',
      fault: 'internalErrorAfter',
      probability: 0.5,
    },
  },
  {
    name: 'Connection ends before an answer',
    about: 'One in five answers is replaced by the end of the connection.',
    rule: { id: 'disconnects', on: 'answer', fault: 'disconnectBefore', probability: 0.2 },
  },
];
