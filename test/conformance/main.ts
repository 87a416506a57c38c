/**
 * `npm run test:aws`: the cases of docs/conformance.md on a real account. Makes things, a certificate, a policy and jobs
 * whose names begin with `conformance-`, and removes them. Exit code 0: as expected; 1: something differs or is left
 * behind; 2: no account is given.
 */
import { CASE_GROUPS } from './all-cases.ts';
import { runOnAccount } from './run-on-account.ts';

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());

process.exitCode = await runOnAccount({
  env: process.env,
  groups: CASE_GROUPS,
  stop: stop.signal,
  print: (text) => {
    process.stdout.write(`${text}\n`);
  },
});
