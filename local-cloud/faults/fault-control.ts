/** The faults of a running cloud: what is set, what strikes, and how often it did. */
import type { Logger } from 'pino';
import { constraint } from '../jobs-service/validation.ts';
import type { FaultEvent } from './decide-fate.ts';
import { decideFate, newFateState } from './decide-fate.ts';
import type { Fault, FaultRule, FaultSettings } from './fault-settings.ts';
import { NO_FAULTS, readFaultSettings } from './fault-settings.ts';

/** What a person sees and sets while the cloud runs. */
export interface FaultControl {
  /** As they were read: with every default. */
  settings(): FaultSettings;
  /**
   * Replaces all rules and begins every stream of chance and every count anew. What was held up already still comes.
   * @throws InvalidMember that names the member; the settings before it stay
   */
  set(settings: unknown): void;
  /** How often each rule struck since it was set, by its id. */
  counts(): Record<string, number>;
}

/** What the planes ask of each message. */
export interface FaultDraw {
  /** The rule that strikes, logged and counted; undefined when nothing goes wrong. */
  strike(event: FaultEvent): FaultRule | undefined;
}

export interface FaultControlOptions {
  readonly log: Logger;
  /** None unless given. */
  readonly settings?: unknown;
  /** False where the connections are another broker's. */
  readonly mayBreakConnections: boolean;
}

const ON_CONNECTIONS: ReadonlySet<Fault> = new Set(['disconnectBefore', 'disconnectAfter', 'silent']);

/** @throws InvalidMember as `set` does. */
export function createFaultControl(options: FaultControlOptions): FaultControl & FaultDraw {
  const { log } = options;
  const read = (given: unknown) => {
    const settings = readFaultSettings(given);
    const unserved = settings.rules.findIndex(({ on, fault }) => on !== 'rest' && ON_CONNECTIONS.has(fault));
    if (unserved === -1 || options.mayBreakConnections) return settings;
    const member = `rules.${unserved + 1}.member.fault`;
    throw constraint(
      member,
      settings.rules[unserved]?.fault,
      'leave connections alone: they are of the broker of --broker',
    );
  };
  let state = newFateState(read(options.settings ?? NO_FAULTS));
  return {
    settings: () => state.settings,
    set: (given) => {
      state = newFateState(read(given));
      log.info({ seed: state.settings.seed, rules: state.settings.rules.length }, 'faults set');
    },
    counts: () => Object.fromEntries(state.counts),
    strike: (event) => {
      const rule = decideFate(state, event);
      if (rule) {
        const { on, operation, thingName } = event;
        log.info({ rule: rule.id, fault: rule.fault, on, operation, thingName }, 'fault struck');
      }
      return rule;
    },
  };
}
