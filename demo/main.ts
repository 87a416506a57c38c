/** Process entry of `npm run demo`, `npm run dev` and `npm run job`. */
import { demo } from './demo.ts';
import { dev } from './dev.ts';
import { job } from './job.ts';

// The AWS SDK warns of the Node.js versions of its future releases; here it is a fixed development dependency.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

const [command, argument] = process.argv.slice(2);
process.exitCode = await (command === '--dev'
  ? dev(process.env)
  : command === '--job'
    ? job(argument, process.env)
    : demo(process.env));
