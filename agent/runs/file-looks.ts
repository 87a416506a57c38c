/**
 * Looks at file systems that may never answer: a network share that is gone hangs who asks, and no call can be taken back.
 * Each holds one of the four threads (libuv, `UV_THREADPOOL_SIZE`) that the journal needs, too. So there are never more
 * than two of them, and none twice: a step that is tried again waits for the answer that is still to come.
 */
export interface FileLooks {
  /** @param name the same for the same look. @throws what `look` throws. */
  once<T>(name: string, look: () => Promise<T>): Promise<T>;
}

const MAX_LOOKS = 2;

export function createFileLooks(): FileLooks {
  const looks = new Map<string, Promise<unknown>>();
  return {
    async once<T>(name: string, look: () => Promise<T>): Promise<T> {
      while (!looks.has(name) && looks.size >= MAX_LOOKS) await Promise.race(looks.values()).catch(() => undefined);
      const begun = looks.get(name) ?? look().finally(() => looks.delete(name));
      looks.set(name, begun);
      return begun as Promise<T>;
    },
  };
}
