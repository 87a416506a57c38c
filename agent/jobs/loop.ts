/**
 * One event at a time: decide, write, then do (I1). Effects only start things; what comes of them is another event.
 */
import type { Logger } from 'pino';
import { decide } from '../core/decide.ts';
import type { Effect } from '../core/effect.ts';
import type { AgentEvent } from '../core/event.ts';
import type { ExecutionRecord } from '../core/execution-record.ts';
import type { AgentState } from '../core/state.ts';

export interface Loop {
  /** Events are taken in the order they come. Never throws. */
  dispatch(event: AgentEvent): void;
  state(): AgentState;
  /** Resolves when every event so far was decided and its effects were started. */
  settled(): Promise<void>;
  /** Since when the event in hand has been in hand, on the monotonic clock; `null` when there is none. */
  busySinceMs(): number | null;
  /** Why an event could not be handled; `null` as long as all could. */
  fault(): string | null;
}

export interface LoopOptions {
  readonly initial: AgentState;
  readonly append: (record: ExecutionRecord) => Promise<void>;
  /** Must not throw. */
  readonly perform: (effect: PerformedEffect) => void;
  /** An event could not be handled: a fault of ours. Must not throw. */
  readonly onFault: (error: unknown) => void;
  /** For the log and the local API; not for acting. */
  readonly onChange: (before: AgentState, after: AgentState) => void;
  readonly monotonicMs: () => number;
  readonly log: Logger;
}

/** Every effect but `journal`, which is the loop's own. */
export type PerformedEffect = Exclude<Effect, { type: 'journal' }>;

export function createLoop(options: LoopOptions): Loop {
  const queue: AgentEvent[] = [];
  let state = options.initial;
  let draining: Promise<void> | null = null;
  let busySinceMs: number | null = null;
  let fault: string | null = null;

  async function drain(): Promise<void> {
    for (let event = queue.shift(); event !== undefined; event = queue.shift()) {
      busySinceMs = options.monotonicMs();
      try {
        await step(event);
      } catch (error) {
        // A fault of ours. It costs this event and not the agent (I7); but what the event was to bring is lost, so the
        // agent is ill from now on, and whoever watches over it starts it anew from the journal.
        fault = error instanceof Error ? error.message : String(error);
        options.log.error({ err: error, event: event.type }, 'event could not be handled');
        options.onFault(error);
      }
    }
    busySinceMs = null;
    draining = null;
  }

  async function step(event: AgentEvent): Promise<void> {
    const decision = decide(state, event);
    const records = decision.effects.filter((effect) => effect.type === 'journal');
    try {
      for (const { record } of records) await options.append(record);
    } catch (error) {
      options.log.error({ err: error }, 'journal failed: nothing new is started');
      // Decided again without a journal. It cannot come here twice: such a decision writes nothing.
      return step({ type: 'journalFailed', event });
    }
    const before = state;
    state = decision.state;
    try {
      options.onChange(before, state);
    } catch (error) {
      options.log.error({ err: error }, 'change could not be shown');
    }
    for (const effect of decision.effects) {
      if (effect.type !== 'journal') options.perform(effect);
    }
  }

  return {
    dispatch(event) {
      queue.push(event);
      // Later, so that an event that comes of performing another one finds the loop busy.
      draining ??= Promise.resolve().then(drain);
    },
    state: () => state,
    async settled() {
      while (draining !== null) await draining;
    },
    busySinceMs: () => busySinceMs,
    fault: () => fault,
  };
}
