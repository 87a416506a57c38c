import { expect, test } from 'vitest';
import type { JsonObject } from '../../../agent/core/json.ts';
import { emptyJobsState } from '../../../local-cloud/jobs-service/state.ts';
import { expandTemplate } from '../../../local-cloud/templates/expand-template.ts';
import { type ServiceHarness, startService } from '../jobs-service/service-harness.ts';

const REBOOT = 'arn:aws:iot:us-east-1::jobtemplate/AWS-Reboot:1.0';
const RUN_COMMAND = 'arn:aws:iot:us-east-1::jobtemplate/AWS-Run-Command:1.0';
const DOWNLOAD = 'arn:aws:iot:us-east-1::jobtemplate/AWS-Download-File:1.0';
const OWN = 'arn:aws:iot:us-east-1:123456789012:jobtemplate/own';

function documentOf(jobTemplateArn: string, documentParameters?: JsonObject): unknown {
  const input = { jobTemplateArn, ...(documentParameters && { documentParameters }) };
  return JSON.parse(String(expandTemplate(emptyJobsState(), input).document));
}

test('parameters that are optional and not given become empty', () => {
  expect(documentOf(REBOOT)).toEqual({
    version: '1.0',
    steps: [
      {
        action: {
          name: 'Reboot',
          type: 'runHandler',
          input: { handler: 'reboot.sh', path: '' },
          runAsUser: '',
        },
      },
    ],
  });
});

test('a value reaches the document as it is, whatever is in it', () => {
  const command = 'echo,"a\\, b"\\\\,$& $1';
  expect(documentOf(RUN_COMMAND, { command, runAsUser: 'pi' })).toMatchObject({
    steps: [{ action: { input: { command }, runAsUser: 'pi' } }],
  });
});

test('a value that looks like a parameter is not replaced again', () => {
  const downloadUrl = `\${aws:iot:parameter:runAsUser}`;
  expect(documentOf(DOWNLOAD, { downloadUrl, filePath: '/f', runAsUser: 'root' })).toMatchObject({
    steps: [{ action: { input: { args: [downloadUrl, '/f'] } } }],
  });
});

test.each([
  ['a required parameter is missing', DOWNLOAD, { downloadUrl: 'x' }, 'needs the document parameter filePath'],
  ['a parameter is unknown', REBOOT, { when: 'now' }, 'Template AWS-Reboot has no document parameter when'],
  [
    'a value is too long',
    REBOOT,
    { runAsUser: 'u'.repeat(257) },
    'Document parameter runAsUser must satisfy regular expression pattern: (.){0,256}',
  ],
])('it is refused that %s', (_what, jobTemplateArn, documentParameters, message) => {
  const expand = () => documentOf(jobTemplateArn, documentParameters);
  expect(expand).toThrow(expect.objectContaining({ name: 'InvalidRequestException' }));
  expect(expand).toThrow(message);
});

test('a job has the description of its template, or its own', () => {
  const description = 'A managed job template for rebooting the device.';
  const state = emptyJobsState();
  expect(expandTemplate(state, { jobTemplateArn: REBOOT })).toMatchObject({ description });
  const own = expandTemplate(state, { jobTemplateArn: REBOOT, description: 'Now' });
  expect(own).toMatchObject({ description: 'Now', jobTemplateArn: REBOOT });
});

test('an input without a template stays as it is', () => {
  const input = { jobId: 'a', document: '{}' };
  expect(expandTemplate(emptyJobsState(), input)).toBe(input);
});

test.each([
  ['arn:aws:iot:us-east-1::jobtemplate/AWS-Reboot:2.0'],
  ['arn:aws:iot:us-east-1::jobtemplate/AWS-Fly:1.0'],
  [OWN],
])('%s does not exist', (jobTemplateArn) => {
  expect(() => expandTemplate(emptyJobsState(), { jobTemplateArn })).toThrow(
    expect.objectContaining({
      name: 'ResourceNotFoundException',
      message: `Job template ${jobTemplateArn} does not exist`,
    }),
  );
});

function serviceWithTemplate(members: JsonObject): ServiceHarness {
  const service = startService();
  service.control('CreateJobTemplate', {
    jobTemplateId: 'own',
    description: 'Ours',
    document: '{"operation":"x"}',
    ...members,
  });
  return service;
}

test("configurations of the request replace the template's", () => {
  const { state } = serviceWithTemplate({
    timeoutConfig: { inProgressTimeoutInMinutes: 10 },
    jobExecutionsRolloutConfig: { maximumPerMinute: 5 },
  });
  const input = { jobTemplateArn: OWN, timeoutConfig: { inProgressTimeoutInMinutes: 20 } };
  expect(expandTemplate(state, input)).toEqual({
    ...input,
    description: 'Ours',
    document: '{"operation":"x"}',
    jobExecutionsRolloutConfig: { maximumPerMinute: 5 },
  });
});

test("maintenance windows are a part of the job's schedule", () => {
  const maintenanceWindows = [{ startTime: 'cron(0 18 * * ? *)', durationInMinutes: 60 }];
  const { state } = serviceWithTemplate({ maintenanceWindows });
  const expanded = expandTemplate(state, { jobTemplateArn: OWN });
  expect(expanded).toMatchObject({ schedulingConfig: { maintenanceWindows } });
  expect(expanded).not.toHaveProperty('maintenanceWindows');
});

test("document parameters are for AWS's templates only", () => {
  const { state } = serviceWithTemplate({});
  for (const input of [{ jobTemplateArn: OWN }, { document: '{}' }]) {
    expect(() => expandTemplate(state, { ...input, documentParameters: { a: 'b' } })).toThrow(
      'documentParameters can only be used when creating jobs from AWS managed templates',
    );
  }
});

test.each(['document', 'documentSource'])('a template and a %s together are refused', (member) => {
  expect(() => expandTemplate(emptyJobsState(), { jobTemplateArn: REBOOT, [member]: '{}' })).toThrow(
    'A job has one of document, documentSource and jobTemplateArn',
  );
});
