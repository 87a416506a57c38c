import { createJournalFolder } from '../adapters/journal/journal-folder.ts';
import { createMemoryJournal } from '../fakes/memory-journal.ts';
import { journalContract } from './journal-contract.ts';

journalContract('in memory', async (options = {}) => {
  const journal = createMemoryJournal(options);
  return { open: journal.open, cutPower: async () => journal.cutPower() };
});

journalContract('segments on disk', async (options = {}) => {
  const folder = await createJournalFolder(options);
  return { open: (binding) => folder.open(binding && { binding }), cutPower: folder.cutPower };
});
