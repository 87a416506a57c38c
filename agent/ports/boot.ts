export interface Boot {
  /**
   * Changes with every boot of the machine and at no other time (Linux: /proc/sys/kernel/random/boot_id, proc(5)).
   * Reboots are told by it, never by a clock.
   */
  readonly bootId: string;
  /** Asks the system for a restart. Resolves when it was accepted: the process lives on for a while. @throws Error */
  reboot(): Promise<void>;
  /** Likewise, for the machine to power off. @throws Error */
  powerOff(): Promise<void>;
}
