/** Whoever started us and watches over us: systemd, or nobody. See sd_notify(3). */
export interface ServiceManager {
  /** How often `alive` is expected at most, or `null` when nobody watches. */
  readonly watchdogMs: number | null;
  /** The journal is loaded and the event loop turns. An agent without a connection is ready too. */
  ready(): void;
  /** Shutting down. */
  stopping(): void;
  /** One line for `systemctl status`. */
  status(text: string): void;
  /** Feeds the watchdog. */
  alive(): void;
}
