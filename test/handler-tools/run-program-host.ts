/** What a handler is in: runs a program, and says whether it knew of its own end when the program had ended. */
import { openSync } from 'node:fs';
import { runProgram, startFilter } from '../../agent/handler-tools/run-program.ts';

const stopping = new AbortController();
process.on('SIGTERM', () => stopping.abort());
const [how, script = ''] = process.argv.slice(2);
const program = ['sh', '-c', script] as const;
const { signal } = stopping;
const begun = () => process.stderr.write('begun');
const result = await (how === 'filter' ? filter() : runProgram(program, { signal, onOutput: begun }));
process.stdout.write(signal.aborted ? 'stopped' : `failed with ${result.exitCode}`);

function filter() {
  const { output, ended } = startFilter(program, openSync('/dev/null', 'r'), { signal });
  output.on('data', begun);
  return ended;
}
