/** `iot-job-agent/testing`: for the tests of whoever writes handlers. Nothing of the agent imports it. */
import { fileURLToPath } from 'node:url';
import { createHandlerTester, type TestHandler } from './handler-tester.ts';

export type { TestHandler } from './handler-tester.ts';
export type {
  HandlerUnderTest,
  TestLogLine,
  TestOptions,
  TestReport,
  TestResult,
  TestRun,
  TestStopReason,
} from './test-report.ts';

/** Beside this file once it is built. */
const AGENT = fileURLToPath(new URL('./job-agent.js', import.meta.url));

/**
 * Runs a handler as the agent would: parameters are checked by its schema and by `check`, it has a working folder, a
 * checkpoint and a signal, and of a command or an executable the program is really run, in the agent's environment.
 *
 * Resolves with the report, also of what fails. Rejects only for a test that could not be made, such as `restored` for a
 * handler that the agent would not run again.
 */
export const testHandler: TestHandler = createHandlerTester({ hostArgv: [process.execPath, AGENT, 'handler-host'] });
