/** Two handlers as a handler author would write them: executables in `handlersDir`. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Parameters come as JSON on stdin; `key=value` lines in JOB_STATUS_FILE become status details. */
const CALIBRATE = `#!/bin/sh
rounds=$(sed -n 's/.*"rounds":\\([0-9]*\\).*/\\1/p')
round=0
while [ "$round" -lt "$rounds" ]; do
  sleep 0.5
  round=$((round + 1))
  echo "percent=$((round * 100 / rounds))" >> "$JOB_STATUS_FILE"
done
echo "rounds=$round" >> "$JOB_STATUS_FILE"
`;

const CHECK_BATTERY = `#!/bin/sh
echo 'battery at 11.2 V, below 11.8 V' >&2
exit 3
`;

export async function installDemoHandlers(handlersDir: string): Promise<void> {
  await mkdir(handlersDir, { recursive: true, mode: 0o700 });
  await writeFile(join(handlersDir, 'calibrate'), CALIBRATE, { mode: 0o700 });
  await writeFile(join(handlersDir, 'check-battery'), CHECK_BATTERY, { mode: 0o700 });
}
