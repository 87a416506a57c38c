/**
 * What is due when: a binary heap of times. An entry is a hint: it counts while its subject's own `dueAtMs` still says
 * the same. So whoever moves a time only adds an entry, and the queue can be made anew from the subjects at any moment.
 */

export interface DueSubject {
  /** When something happens to it by itself, in milliseconds since the epoch; undefined while nothing will. */
  dueAtMs: number | undefined;
}

interface Entry<Subject> {
  readonly atMs: number;
  /** Of two at the same time, the one that was added first goes first. */
  readonly order: number;
  readonly subject: Subject;
}

/** Entries that count no longer are thrown out when the heap has grown to twice what counted last time. */
const MIN_COMPACTION = 1024;

export class DueQueue<Subject extends DueSubject> {
  #entries: Entry<Subject>[] = [];
  #nextOrder = 0;
  #compactAt = MIN_COMPACTION;

  /** Entries that it holds, among them some that count no longer. */
  get size(): number {
    return this.#entries.length;
  }

  /** Sets the subject's time; undefined takes it away. */
  set(subject: Subject, dueAtMs: number | undefined): void {
    if (subject.dueAtMs === dueAtMs) return;
    subject.dueAtMs = dueAtMs;
    this.restore(subject);
  }

  /** Takes up a subject that has its time already. */
  restore(subject: Subject): void {
    if (subject.dueAtMs === undefined) return;
    this.#entries.push({ atMs: subject.dueAtMs, order: this.#nextOrder++, subject });
    this.#rise(this.#entries.length - 1);
    if (this.#entries.length >= this.#compactAt) this.#compact();
  }

  /** The earliest time of all, or undefined when nothing is due ever. */
  nextMs(): number | undefined {
    return this.#first()?.atMs;
  }

  /** The earliest subject that is due by then; its time is taken away. */
  take(nowMs: number): { readonly subject: Subject; readonly atMs: number } | undefined {
    const first = this.#first();
    if (!first || first.atMs > nowMs) return undefined;
    this.#drop();
    first.subject.dueAtMs = undefined;
    return first;
  }

  /** Everything that is due ever, in the order it will be taken: restored in this order, it makes the same queue. */
  subjects(): Subject[] {
    this.#compact();
    return [...new Set(this.#entries.map(({ subject }) => subject))];
  }

  #first(): Entry<Subject> | undefined {
    for (;;) {
      const first = this.#entries[0];
      if (!first || counts(first)) return first;
      this.#drop();
    }
  }

  #drop(): void {
    const last = this.#entries.pop();
    if (last === undefined || this.#entries.length === 0) return;
    this.#entries[0] = last;
    this.#sink(0);
  }

  #rise(from: number): void {
    let index = from;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#swapIfEarlier(index, parent)) return;
      index = parent;
    }
  }

  #sink(from: number): void {
    let index = from;
    for (;;) {
      const left = 2 * index + 1;
      const child = this.#isEarlier(left + 1, left) ? left + 1 : left;
      if (!this.#swapIfEarlier(child, index)) return;
      index = child;
    }
  }

  #swapIfEarlier(lower: number, upper: number): boolean {
    const [a, b] = [this.#entries[lower], this.#entries[upper]];
    if (!a || !b || !this.#isEarlier(lower, upper)) return false;
    this.#entries[lower] = b;
    this.#entries[upper] = a;
    return true;
  }

  #isEarlier(one: number, other: number): boolean {
    const [a, b] = [this.#entries[one], this.#entries[other]];
    if (!a || !b) return false;
    return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
  }

  #compact(): void {
    // A sorted array is a heap.
    this.#entries = this.#entries.filter(counts).sort((a, b) => a.atMs - b.atMs || a.order - b.order);
    this.#compactAt = Math.max(MIN_COMPACTION, 2 * this.#entries.length);
  }
}

function counts(entry: Entry<DueSubject>): boolean {
  return entry.subject.dueAtMs === entry.atMs;
}
