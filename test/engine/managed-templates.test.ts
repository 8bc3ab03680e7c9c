import { describe, expect, it } from 'vitest';
import { thingArn, World } from './world.ts';

const names = [
  'AWS-Download-File',
  'AWS-Install-Application',
  'AWS-Reboot',
  'AWS-Remove-Application',
  'AWS-Restart-Application',
  'AWS-Start-Application',
  'AWS-Stop-Application',
  'AWS-Run-Command',
];

function arn(resource: string): string {
  return `arn:aws:iot:eu-west-1::jobtemplate/${resource}`;
}

function world(): World {
  const made = new World();
  made.things('t');
  return made;
}

function job(resource: string, documentParameters?: Record<string, string>) {
  const request = { jobId: 'j', targets: [thingArn('t')], jobTemplateArn: arn(resource) };
  return documentParameters === undefined ? request : { ...request, documentParameters };
}

function documentOf(on: World): unknown {
  return JSON.parse(on.ok('iot:GetJobDocument', { jobId: 'j' }).document!);
}

describe('AWS managed templates', () => {
  it('lists all of them, page by page, and one by name', () => {
    const on = world();
    const first = on.ok('iot:ListManagedJobTemplates', { maxResults: 5 });
    const rest = on.ok('iot:ListManagedJobTemplates', { nextToken: first.nextToken! });
    const listed = [...first.managedJobTemplates!, ...rest.managedJobTemplates!];
    expect(listed.map(({ templateName }) => templateName)).toEqual(names);
    expect(rest.nextToken).toBeUndefined();
    expect(on.ok('iot:ListManagedJobTemplates', { templateName: 'AWS-Reboot' })).toMatchObject({
      managedJobTemplates: [{ templateArn: arn('AWS-Reboot:1.0'), environments: ['LINUX'] }],
    });
  });

  it.each(names)('%s is described with every parameter that its document has a place for', (templateName) => {
    const described = world().ok('iot:DescribeManagedJobTemplate', { templateName });
    const { document = '', documentParameters = [] } = described;
    const places = [...document.matchAll(/\$\{aws:iot:parameter:(\w+)\}/g)].map(([, key]) => key);
    expect(new Set(documentParameters.map(({ key }) => key))).toEqual(new Set(places));
    expect(JSON.parse(document)).toMatchObject({ version: '1.0', steps: [{ action: {} }] });
  });

  it('may be used without a user and a path, and not without anything else', () => {
    const optional = names.flatMap((templateName) => {
      const { documentParameters = [] } = world().ok('iot:DescribeManagedJobTemplate', { templateName });
      return documentParameters.flatMap(({ key, optional: isOptional }) => (isOptional === true ? [key] : []));
    });
    expect(new Set(optional)).toEqual(new Set(['runAsUser', 'pathToHandler']));
  });

  it.each([
    ['an unknown name', { templateName: 'AWS-Nothing' }],
    ['an unknown version', { templateName: 'AWS-Reboot', templateVersion: '2.0' }],
  ])('refuses %s', (_, request) => {
    expect(world().refused('iot:DescribeManagedJobTemplate', request)).toMatchObject({ code: 'ResourceNotFound' });
  });

  it('makes a job whose document has the parameters in it, quoted as JSON needs it', () => {
    const on = world();
    on.ok('iot:CreateJob', job('AWS-Run-Command:1.0', { command: 'echo,"a\\b"' }));
    expect(documentOf(on)).toEqual({
      version: '1.0',
      steps: [
        { action: { name: 'Run-Command', type: 'runCommand', input: { command: 'echo,"a\\b"' }, runAsUser: '' } },
      ],
    });
    expect(on.jobOf('j')).toMatchObject({
      jobTemplateArn: arn('AWS-Run-Command:1.0'),
      documentParameters: { command: 'echo,"a\\b"' },
    });
  });

  it('keeps what looks like a placeholder inside a value', () => {
    const on = world();
    on.ok(
      'iot:CreateJob',
      job('AWS-Run-Command:1.0', { command: '${aws:iot:parameter:runAsUser}', runAsUser: 'root' }),
    );
    expect(documentOf(on)).toMatchObject({
      steps: [{ action: { input: { command: '${aws:iot:parameter:runAsUser}' }, runAsUser: 'root' } }],
    });
  });

  it.each([
    ['a missing parameter', 'AWS-Download-File:1.0', { filePath: '/tmp/f' }, 'InvalidRequest'],
    ['an unknown parameter', 'AWS-Reboot:1.0', { force: 'yes' }, 'InvalidRequest'],
    ['a value against its pattern', 'AWS-Reboot:1.0', { runAsUser: 'x'.repeat(257) }, 'InvalidRequest'],
    ['an unknown template', 'AWS-Nothing:1.0', {}, 'ResourceNotFound'],
    ['an unknown version', 'AWS-Reboot:3.0', {}, 'ResourceNotFound'],
  ])('refuses %s and makes no job', (_, resource, parameters, code) => {
    const on = world();
    expect(on.refused('iot:CreateJob', job(resource, parameters))).toMatchObject({ code });
    expect(on.jobOf('j')).toBeUndefined();
  });
});
