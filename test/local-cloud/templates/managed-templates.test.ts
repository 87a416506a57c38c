import {
  DescribeManagedJobTemplateCommand,
  ListManagedJobTemplatesCommand,
  paginateListManagedJobTemplates,
  ResourceNotFoundException,
} from '@aws-sdk/client-iot';
import { expect, test } from 'vitest';
import { MANAGED_TEMPLATES } from '../../../local-cloud/templates/managed-templates.ts';
import { iotClientFor } from '../../fixtures/iot-client.ts';
import { startTestCloud } from '../../fixtures/job-cloud.ts';

test("AWS's eight templates are listed, in pages", async () => {
  const client = iotClientFor(await startTestCloud());
  const names: (string | undefined)[] = [];
  for await (const page of paginateListManagedJobTemplates({ client, pageSize: 3 }, {})) {
    names.push(...(page.managedJobTemplates ?? []).map(({ templateName }) => templateName));
  }
  expect(names).toEqual([
    'AWS-Download-File',
    'AWS-Install-Application',
    'AWS-Reboot',
    'AWS-Remove-Application',
    'AWS-Restart-Application',
    'AWS-Run-Command',
    'AWS-Start-Application',
    'AWS-Stop-Application',
  ]);
});

test('one template is listed by its name', async () => {
  const client = iotClientFor(await startTestCloud());
  const { managedJobTemplates } = await client.send(
    new ListManagedJobTemplatesCommand({ templateName: 'AWS-Remove-Application' }),
  );
  expect(managedJobTemplates).toEqual([
    {
      templateArn: 'arn:aws:iot:us-east-1::jobtemplate/AWS-Remove-Application:1.0',
      templateName: 'AWS-Remove-Application',
      description: 'A managed job template for uninstalling one or more applications.',
      environments: ['LINUX'],
      templateVersion: '1.0',
    },
  ]);
});

test('AWS-Download-File is described as the Developer Guide shows it', async () => {
  const client = iotClientFor(await startTestCloud());
  const described = await client.send(new DescribeManagedJobTemplateCommand({ templateName: 'AWS-Download-File' }));
  expect(described).toMatchObject({
    templateArn: 'arn:aws:iot:us-east-1::jobtemplate/AWS-Download-File:1.0',
    description: 'A managed job template for downloading a file.',
    documentParameters: [
      { key: 'downloadUrl', regex: '(.*?)', example: 'http://www.example.com/index.html', optional: false },
      { key: 'filePath', regex: '(.*?)', example: '/path/to/file', optional: false },
      { key: 'runAsUser', regex: '(.){0,256}', example: 'user1', optional: true },
      { key: 'pathToHandler', regex: '(.){0,4096}', example: '/path/to/handler/script', optional: true },
    ],
    document:
      `{"version":"1.0","steps":[{"action":{"name":"Download-File","type":"runHandler","input":{"handler":"download-file.sh",` +
      `"args":["\${aws:iot:parameter:downloadUrl}","\${aws:iot:parameter:filePath}"],` +
      `"path":"\${aws:iot:parameter:pathToHandler}"},"runAsUser":"\${aws:iot:parameter:runAsUser}"}}]}`,
  });
});

test.each([
  [{ templateName: 'AWS-Fly' }, 'Managed job template AWS-Fly does not exist'],
  [
    { templateName: 'AWS-Reboot', templateVersion: '2.0' },
    'Managed job template AWS-Reboot version 2.0 does not exist',
  ],
])('%j is not found', async (input, message) => {
  const client = iotClientFor(await startTestCloud());
  const refusal = await client.send(new DescribeManagedJobTemplateCommand(input)).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(ResourceNotFoundException);
  expect(refusal).toMatchObject({ message });
});

test.each(MANAGED_TEMPLATES)('$templateName has a place for each parameter, and no other', (template) => {
  const places = [...template.document.matchAll(/\$\{aws:iot:parameter:(\w+)\}/g)].map(([, key]) => key);
  expect(new Set(places)).toEqual(new Set(template.documentParameters.map(({ key }) => key)));
  for (const { regex, example } of template.documentParameters) expect(example).toMatch(new RegExp(`^${regex}$`));
});
