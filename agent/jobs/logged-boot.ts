/** Restarts of the machine as log lines: the last ones of this boot that tell who asked for its end, and how. */
import type { Logger } from 'pino';
import type { Boot } from '../ports/boot.ts';

/** @param rebootCommand what `boot` runs, for the log. */
export function withLoggedReboot(boot: Boot, rebootCommand: readonly string[], log: Logger): Boot {
  const facts = { bootId: boot.bootId, rebootCommand };
  return {
    ...boot,
    async reboot() {
      log.info(facts, 'gateway is asked to restart: rebootCommand is run');
      try {
        await boot.reboot();
      } catch (error) {
        log.warn({ ...facts, reason: error instanceof Error ? error.message : String(error) }, 'rebootCommand failed');
        throw error;
      }
      log.info(facts, 'rebootCommand was accepted: the gateway is to restart');
    },
  };
}
