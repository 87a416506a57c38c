import { readFlag, readFolder, readHandler, readTexts } from './document-fields.ts';
import type { JobPlan } from './job-plan.ts';
import { type JsonPlace, memberPlace, readOptional, readQuotedInteger } from './json-place.ts';

/**
 * The AWS IoT Device Client's older format: `{"operation": "x.sh", "args", "path", "allowStdErr", "includeStdOut"}`, one
 * handler script and no user (https://github.com/awslabs/aws-iot-device-client, source/jobs/README.md).
 * @returns a plan that counts only if `document` has noted no problems.
 */
export function readDeviceClientDocument(document: JsonPlace): JobPlan {
  const handler = readHandler(memberPlace(document, 'operation'));
  const allowStdErr = readOptional(memberPlace(document, 'allowStdErr'), (place) => readQuotedInteger(place, 0));
  return {
    format: 'device-client',
    includeStdOut: readFlag(memberPlace(document, 'includeStdOut')),
    steps: [
      {
        name: handler,
        pointer: document.pointer,
        action: {
          kind: 'executable',
          handler,
          args: readOptional(memberPlace(document, 'args'), readTexts) ?? [],
          folder: readFolder(memberPlace(document, 'path')),
          runAsUser: '',
        },
        ignoreFailure: false,
        ...(allowStdErr !== undefined && { allowStdErr }),
      },
    ],
  };
}
