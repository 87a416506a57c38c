/** Why job-cloud does not start, for the person who started it: told as it is, without a stack. */
export class StartError extends Error {
  override readonly name = 'StartError';
  readonly exitCode: number;
  /** @param exitCode 2 where what was given is wrong, 1 where the machine is. */
  constructor(message: string, exitCode: 1 | 2) {
    super(message);
    this.exitCode = exitCode;
  }
}
