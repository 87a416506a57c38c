/** What a handler is in: runs a program, and says whether it knew of its own end when the program had ended. */
import { runProgram } from '../../agent/handler-tools/run-program.ts';

const stopping = new AbortController();
process.on('SIGTERM', () => stopping.abort());
const result = await runProgram(['sh', '-c', process.argv[2] ?? ''], {
  signal: stopping.signal,
  onOutput: () => process.stderr.write('begun'),
});
process.stdout.write(stopping.signal.aborted ? 'stopped' : `failed with ${result.exitCode}`);
