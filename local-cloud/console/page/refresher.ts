/** Reads one view anew when something happened, however much happens: one read at a time, and a pause between two. */

const PAUSE_MS = 250;

export interface Refresher {
  soon(): void;
  stop(): void;
}

/** Reads at once, and then every so often. */
export function startRefresher(refresh: () => Promise<void>, everyMs: number): Refresher {
  let isRunning = false;
  let isWanted = false;
  let isStopped = false;
  const run = async () => {
    isWanted = true;
    if (isRunning) return;
    isRunning = true;
    while (isWanted && !isStopped) {
      isWanted = false;
      await refresh();
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    isRunning = false;
  };
  const interval = window.setInterval(() => {
    if (document.visibilityState === 'visible') void run();
  }, everyMs);
  void run();
  return {
    soon: () => void run(),
    stop: () => {
      isStopped = true;
      clearInterval(interval);
    },
  };
}
