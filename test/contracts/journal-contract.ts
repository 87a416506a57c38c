/** What every journal keeps to. Run over the one on disk and over the fake, which earns its place by passing. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../agent/core/json.ts';
import type { JournalBinding, JournalEntry, OpenedJournal } from '../../agent/ports/journal.ts';

/** One place in which a journal lies, over many openings. Each contract test gets its own. */
export interface JournalPlace {
  open(binding?: JournalBinding): Promise<OpenedJournal>;
  /** Leaves the open journal as a power cut does. Appends under way may or may not have reached the device. */
  cutPower(): Promise<void>;
}

export interface JournalPlaceOptions {
  /** Finished entries to keep. */
  readonly keepFinished?: number;
}

export function journalContract(name: string, createPlace: (options?: JournalPlaceOptions) => Promise<JournalPlace>) {
  describe(`journal contract: ${name}`, () => {
    test('a place without a journal gives an empty one', async () => {
      const { recovered } = await (await createPlace()).open();
      expect(recovered).toEqual({ status: 'created', entries: [] });
    });

    test('an appended entry is there after reopening', async () => {
      const place = await createPlace();
      await appendAndClose(place, [live('a', { phase: 'running', step: 2 })]);
      const { recovered } = await place.open();
      expect(recovered).toEqual({ status: 'read', entries: [live('a', { phase: 'running', step: 2 })] });
    });

    test('a journal without entries is read as such', async () => {
      const place = await createPlace();
      await appendAndClose(place, []);
      expect((await place.open()).recovered).toEqual({ status: 'read', entries: [] });
    });

    test('what was acknowledged outlasts a power cut', async () => {
      const place = await createPlace();
      const { journal } = await place.open();
      await journal.append(live('a'));
      await journal.append(finished('b'));
      await place.cutPower();
      expect((await place.open()).recovered.entries).toEqual([live('a'), finished('b')]);
    });

    test('the last entry of an id wins', async () => {
      const place = await createPlace();
      await appendAndClose(place, [live('a', { n: 1 }), live('a', { n: 2, more: true }), finished('a', { n: 3 })]);
      expect((await place.open()).recovered.entries).toEqual([finished('a', { n: 3 })]);
    });

    test('entries come back in order of first sight', async () => {
      const place = await createPlace();
      await appendAndClose(place, [live('c'), live('a'), live('b'), live('a', { n: 2 }), live('c', { n: 2 })]);
      expect((await place.open()).recovered.entries.map(({ id }) => id)).toEqual(['c', 'a', 'b']);
    });

    test('the newest finished entries are kept, up to the cap', async () => {
      const place = await createPlace({ keepFinished: 5 });
      await appendAndClose(
        place,
        numbers(12).map((n) => finished(`job-${n}`)),
      );
      const ids = (await place.open()).recovered.entries.map(({ id }) => id);
      expect(ids).toEqual(['job-7', 'job-8', 'job-9', 'job-10', 'job-11']);
    });

    test('a finish counts from when it came', async () => {
      const place = await createPlace({ keepFinished: 2 });
      await appendAndClose(place, [live('first'), finished('b'), finished('c'), finished('first')]);
      const ids = (await place.open()).recovered.entries.map(({ id }) => id);
      expect(ids).toEqual(['first', 'c']);
    });

    test('256 finished entries are kept by default', async () => {
      const place = await createPlace();
      await appendAndClose(
        place,
        numbers(300).map((n) => finished(`job-${n}`)),
      );
      const ids = (await place.open()).recovered.entries.map(({ id }) => id);
      expect(ids).toEqual(numbers(256).map((n) => `job-${n + 44}`));
    });

    test('no number of finished entries displaces a live one', async () => {
      const place = await createPlace({ keepFinished: 3 });
      await appendAndClose(place, [live('early'), ...numbers(200).map((n) => finished(`job-${n}`)), live('late')]);
      const entries = (await place.open()).recovered.entries;
      expect(entries.filter((entry) => !entry.finished)).toEqual([live('early'), live('late')]);
    });

    test('a thousand entries of few ids leave the last of each', async () => {
      const place = await createPlace();
      const { journal } = await place.open();
      for (const n of numbers(1_000)) {
        await journal.append(live(`job-${n % 7}`, { n }));
      }
      await place.cutPower();
      const { entries } = (await place.open()).recovered;
      expect(entries).toEqual(numbers(7).map((k) => live(`job-${k}`, { n: k + 7 * Math.floor((999 - k) / 7) })));
    });

    test('appends made at once land in call order', async () => {
      const place = await createPlace();
      const { journal } = await place.open();
      const done: number[] = [];
      await Promise.all(numbers(150).map((n) => journal.append(live('a', { n })).then(() => done.push(n))));
      await journal.close();
      expect(done).toEqual(numbers(150));
      expect((await place.open()).recovered.entries).toEqual([live('a', { n: 149 })]);
    });

    test('a body is written as it was at the call', async () => {
      const place = await createPlace();
      const { journal } = await place.open();
      const body = { n: 1 };
      const appended = journal.append({ id: 'a', finished: false, body });
      body.n = 2;
      await appended;
      await journal.close();
      expect((await place.open()).recovered.entries).toEqual([live('a', { n: 1 })]);
    });

    test('close waits for appends under way', async () => {
      const place = await createPlace();
      const { journal } = await place.open();
      let isWritten = false;
      const appended = journal.append(live('a')).then(() => {
        isWritten = true;
      });
      await journal.close();
      expect(isWritten).toBe(true);
      await appended;
    });

    test('an append after close is refused', async () => {
      const place = await createPlace();
      const { journal } = await place.open();
      await journal.close();
      await expect(journal.append(live('a'))).rejects.toMatchObject({
        name: 'JournalError',
        code: 'JOURNAL_UNWRITABLE',
        message: expect.stringContaining('closed'),
      });
      expect((await place.open()).recovered.entries).toEqual([]);
    });

    test('a second close does nothing', async () => {
      const place = await createPlace();
      const { journal } = await place.open();
      await journal.close();
      const again = await place.open();
      await journal.close();
      await expect(place.open()).rejects.toMatchObject({ code: 'JOURNAL_LOCKED' });
      await again.journal.append(live('a'));
    });

    test('an open journal cannot be opened again', async () => {
      const place = await createPlace();
      const { journal } = await place.open();
      await expect(place.open()).rejects.toMatchObject({ name: 'JournalError', code: 'JOURNAL_LOCKED' });
      await journal.append(live('a'));
      await journal.close();
      expect((await place.open()).recovered.entries).toEqual([live('a')]);
    });

    test.each([
      { of: 'thing', binding: { thingName: 'gateway-2', endpoint: 'iot.example.com' }, named: '"?gateway-1"?' },
      {
        of: 'endpoint',
        binding: { thingName: 'gateway-1', endpoint: 'other.example.com' },
        named: '"?iot.example.com"?',
      },
    ])('a journal of another $of is lost', async ({ binding, named }) => {
      const place = await createPlace();
      const before = await place.open();
      await before.journal.append(live('a'));
      await before.journal.close();

      const { journal, recovered } = await place.open(binding);
      expect(recovered).toMatchObject({ status: 'lost', entries: [], reason: expect.stringMatching(named) });
      expect(journal.journalId).not.toBe(before.journal.journalId);
      await journal.append(live('b'));
      await journal.close();
      expect((await place.open(binding)).recovered).toEqual({ status: 'read', entries: [live('b')] });
    });

    test('the journal keeps its id as long as it lives', async () => {
      const place = await createPlace();
      const { journal } = await place.open();
      for (const n of numbers(150)) {
        await journal.append(live('a', { n }));
      }
      await place.cutPower();
      expect((await place.open()).journal.journalId).toBe(journal.journalId);
      const elsewhere = await (await createPlace()).open();
      expect(elsewhere.journal.journalId).not.toBe(journal.journalId);
    });

    test('an entry of 100 KB comes back whole', async () => {
      const place = await createPlace();
      await appendAndClose(place, [live('small'), live('big', { text: 'ü€😀'.repeat(11_000) }), live('last')]);
      const { entries } = (await place.open()).recovered;
      expect(entries).toEqual([live('small'), live('big', { text: 'ü€😀'.repeat(11_000) }), live('last')]);
    });

    test('an entry above 128 KiB is refused, and only that', async () => {
      const place = await createPlace();
      const { journal } = await place.open();
      await journal.append(live('a'));
      await expect(journal.append(live('a', { text: 'x'.repeat(128 * 1024) }))).rejects.toMatchObject({
        name: 'JournalError',
        code: 'JOURNAL_ENTRY_TOO_LARGE',
      });
      await journal.append(live('b'));
      await journal.close();
      expect((await place.open()).recovered.entries).toEqual([live('a'), live('b')]);
    });

    test('live entries beyond a segment are refused, not dropped', async () => {
      const place = await createPlace();
      const { journal } = await place.open();
      const big = (n: number) => live(`big-${n}`, { text: 'x'.repeat(100_000) });
      await journal.append(big(1));
      await journal.append(big(2));
      await expect(journal.append(big(3))).rejects.toMatchObject({ code: 'JOURNAL_ENTRY_TOO_LARGE' });
      await journal.append(finished('big-1'));
      await journal.append(big(3));
      await place.cutPower();
      expect((await place.open()).recovered.entries).toEqual([finished('big-1'), big(2), big(3)]);
    });

    test('text of every kind comes back unchanged', async () => {
      const place = await createPlace();
      const body = JSON.parse(
        '{"__proto__":{"x":1},"":"\\u0000\\ud800 \\"\\\\ 😀","n":1e300,"z":[null,[{}]]}',
      ) as JsonObject;
      await appendAndClose(place, [live('constructor', body), finished('', body)]);
      const { entries } = (await place.open()).recovered;
      expect(JSON.stringify(entries)).toBe(JSON.stringify([live('constructor', body), finished('', body)]));
    });

    test('any sequence of appends and reopenings is remembered', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
          const place = await createPlace({ keepFinished: 4 });
          const model = createModel(4);
          let { journal } = await place.open();
          for (const { entry, reopen } of steps) {
            await journal.append(entry);
            model.append(entry);
            if (reopen !== 'no') {
              await (reopen === 'power cut' ? place.cutPower() : journal.close());
              const opened = await place.open();
              journal = opened.journal;
              expect(opened.recovered.entries).toEqual(model.entries());
            }
          }
          await journal.close();
        }),
        { numRuns: 25 },
      );
    });
  });
}

export function live(id: string, body: JsonObject = {}): JournalEntry {
  return { id, finished: false, body };
}

export function finished(id: string, body: JsonObject = {}): JournalEntry {
  return { id, finished: true, body };
}

export function numbers(count: number): readonly number[] {
  return Array.from({ length: count }, (_, n) => n);
}

/** What a journal should remember, told in the plainest way. */
export function createModel(keepFinished: number) {
  let kept: { entry: JournalEntry; at: number }[] = [];
  let now = 0;
  return {
    append(entry: JournalEntry): void {
      now += 1;
      const known = kept.find((one) => one.entry.id === entry.id);
      kept = known ? kept.map((one) => (one === known ? { entry, at: now } : one)) : [...kept, { entry, at: now }];
      const ends = kept.filter((one) => one.entry.finished).map((one) => one.at);
      const oldest = Math.min(...ends);
      kept = ends.length > keepFinished ? kept.filter((one) => one.at !== oldest) : kept;
    },
    entries: (): readonly JournalEntry[] => kept.map((one) => one.entry),
  };
}

const step = fc.record({
  entry: fc.record({
    id: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'),
    finished: fc.boolean(),
    body: fc.oneof(
      fc.dictionary(fc.constantFrom('n', 'phase', 'details'), fc.oneof(fc.integer(), fc.string({ unit: 'binary' }))),
      fc.integer({ min: 3_900, max: 20_000 }).map((length): JsonObject => ({ text: 'x'.repeat(length) })),
    ),
  }),
  reopen: fc.constantFrom('no', 'no', 'no', 'no', 'close', 'power cut'),
});

async function appendAndClose(place: JournalPlace, entries: readonly JournalEntry[]): Promise<void> {
  const { journal } = await place.open();
  for (const entry of entries) {
    await journal.append(entry);
  }
  await journal.close();
}
