/** What a person at a shell may do to a command that runs handlers: none of them is left to itself. */

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** A third signal ends this process as it would without us. @returns how to listen no more. */
export function onSignals(listener: (isFirst: boolean) => void): () => void {
  let count = 0;
  const heard = () => {
    count += 1;
    listener(count === 1);
    if (count === 2) forget();
  };
  const forget = () => {
    for (const signal of SIGNALS) process.off(signal, heard);
  };
  for (const signal of SIGNALS) process.on(signal, heard);
  return forget;
}

/** Whoever read our output has gone, such as `head`: the job goes on, and ends as it would. */
export function goOnUnread(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}
