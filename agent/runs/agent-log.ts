/** The level of the agent's log, to be changed while it runs. */
import type { Logger } from 'pino';
import { type AgentLog, LOG_LEVELS, type LogLevel } from '../handler-api.ts';

/**
 * Children of the logger follow it, those that are there already as well: pino's children have no level of their own
 * unless one is set on them, which we never do.
 */
export function createAgentLog(log: Logger): AgentLog {
  const configuredLevel = levelOf(log);
  let lastingLevel = configuredLevel;
  let timer: NodeJS.Timeout | undefined;

  /** Tells of the change while the more talkative of the two levels is set. */
  function change(newLevel: LogLevel, facts: object): void {
    const oldLevel = levelOf(log);
    const tell = () => log.info({ oldLevel, newLevel, ...facts }, 'log level changed');
    const isQuieter = LOG_LEVELS.indexOf(newLevel) > LOG_LEVELS.indexOf(oldLevel);
    if (isQuieter) tell();
    log.level = newLevel;
    if (!isQuieter) tell();
  }

  return {
    get level() {
      return levelOf(log);
    },
    configuredLevel,
    setLevel(level, forSeconds) {
      clearTimeout(timer);
      if (forSeconds === undefined) {
        lastingLevel = level;
        change(level, {});
        return level;
      }
      change(level, { forSeconds, backTo: lastingLevel });
      timer = setTimeout(() => change(lastingLevel, {}), forSeconds * 1000);
      timer.unref(); // an agent that ends does not wait for it
      return lastingLevel;
    },
  };
}

/** `silent`, `fatal` and levels of their own are none that the configuration has; a test's logger may. */
function levelOf({ level }: Logger): LogLevel {
  return LOG_LEVELS.find((name) => name === level) ?? 'error';
}
