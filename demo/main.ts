/** Process entry of `npm run demo`, `npm run dev` and `npm run job`. */
import { type Arguments, parseArguments, UsageError } from './arguments.ts';
import { demo } from './demo.ts';
import { dev } from './dev.ts';
import { job } from './job.ts';

const EXIT_USAGE = 2;

// The AWS SDK warns of the Node.js versions of its future releases; here it is a fixed development dependency.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

process.exitCode = await main();

async function main(): Promise<number> {
  let given: Arguments;
  try {
    given = parseArguments(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(error.message);
    return EXIT_USAGE;
  }
  switch (given.command) {
    case 'help':
      process.stdout.write(given.usage);
      return 0;
    case 'demo':
      return demo(process.env);
    case 'dev':
      return dev(process.env);
    case 'job':
      return job(given, process.env);
  }
}
