export interface Row {
  readonly name: string;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly count: number;
}

export interface Measured {
  readonly name: string;
  readonly count: number;
  readonly once: () => Promise<unknown>;
}

/** Runs `once` again and again, after a tenth of it to warm up. */
export async function measure({ name, count, once }: Measured): Promise<Row> {
  for (let turn = 0; turn < count / 10; turn += 1) await once();
  const times: number[] = [];
  for (let turn = 0; turn < count; turn += 1) {
    const startMs = performance.now();
    await once();
    times.push(performance.now() - startMs);
  }
  times.sort((one, other) => one - other);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  return { name, count, medianMs: at(0.5), p99Ms: at(0.99) };
}
