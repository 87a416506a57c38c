/** What must hold of every session of a gateway, whatever its link does. Each answers with sentences; none is well. */

export interface SessionRecord {
  /** The job of each run, in order. */
  readonly runs: readonly string[];
  /** Terminal statuses that the service accepted, in order: `a SUCCEEDED`. */
  readonly told: readonly string[];
}

/** AWS IoT takes one CONNECT a second from a client id (AWS General Reference, IoT Core quotas). */
const MIN_WAIT_MS = 1_000;

/** Each of these jobs, whose handler succeeds, ran once and was told once. */
export function jobViolations(jobIds: readonly string[], { runs, told }: SessionRecord): readonly string[] {
  return jobIds.flatMap((jobId) => {
    const count = runs.filter((run) => run === jobId).length;
    const statuses = told.filter((entry) => entry.startsWith(`${jobId} `)).map((entry) => entry.split(' ')[1]);
    return [
      ...(count === 1 ? [] : [`${jobId} ran ${count} times`]),
      ...(statuses.join() === 'SUCCEEDED' ? [] : [`${jobId} was told as [${statuses.join(', ')}]`]),
    ];
  });
}

/** @param waits before each connect but the first, in milliseconds of the gateway's own clock. */
export function waitViolations(waits: readonly number[]): readonly string[] {
  return waits.filter((wait) => wait < MIN_WAIT_MS).map((wait) => `connected again after ${wait} ms`);
}
