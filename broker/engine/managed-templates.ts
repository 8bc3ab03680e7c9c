/**
 * The job templates that AWS manages, the same in every account: what each is called, takes and hands to a device. They are
 * read only and hold no configurations. Descriptions are our own words.
 * Source: reference templates.md §2, ambiguities.md A36 (an optional parameter that is left out) and A37 (names).
 */
import type { DescribeManagedJobTemplateResponse, DocumentParameter } from '../../protocol/aws/iot.ts';
import { formatJobTemplateArn } from '../../protocol/names.ts';
import type { Rejected } from './contract.ts';
import type { Profile } from './profile.ts';
import { invalidRequest, templateNotFound } from './refusals.ts';
import type { State } from './state.ts';

export const managedTemplateVersion = '1.0';
const environments = ['LINUX'];

interface ManagedTemplate {
  readonly name: string;
  readonly description: string;
  readonly parameters: readonly DocumentParameter[];
  readonly document: string;
}

const runAsUser = parameter('runAsUser', 'The user who runs the handler.', '(.){0,256}', 'user1', true);
const pathToHandler = parameter(
  'pathToHandler',
  'The folder of the handler, if it is not where the agent looks for handlers.',
  '(.){0,4096}',
  '/home/user1/.aws-iot-device-client/jobs',
  true,
);
const packages = parameter('packages', 'The packages, separated by spaces.', '(.*?)', 'nginx curl', false);
const services = parameter('services', 'The services, separated by spaces.', '(.*?)', 'nginx mosquitto', false);

const templates: readonly ManagedTemplate[] = [
  handlerTemplate('Download-File', 'download-file.sh', 'Downloads a file to a path on the device.', [
    parameter('downloadUrl', 'Where the file is.', '(.*?)', 'https://example.com/firmware.bin', false),
    parameter('filePath', 'Where the file goes.', '(.*?)', '/tmp/firmware.bin', false),
  ]),
  handlerTemplate('Install-Application', 'install-packages.sh', 'Installs packages.', [packages]),
  handlerTemplate('Reboot', 'reboot.sh', 'Reboots the device.', []),
  handlerTemplate('Remove-Application', 'remove-packages.sh', 'Removes packages.', [packages]),
  handlerTemplate('Restart-Application', 'restart-services.sh', 'Restarts services.', [services]),
  handlerTemplate('Start-Application', 'start-services.sh', 'Starts services.', [services]),
  handlerTemplate('Stop-Application', 'stop-services.sh', 'Stops services.', [services]),
  commandTemplate(),
];

/** All of them, in the order of their names. */
export function managedTemplates(): readonly string[] {
  return templates.map(({ name }) => name);
}

export function describeManaged(state: State, name: string): Required<DescribeManagedJobTemplateResponse> | undefined {
  const template = templates.find((candidate) => candidate.name === name);
  if (template === undefined) return undefined;
  return {
    templateName: name,
    templateArn: formatJobTemplateArn({ ...state.identity, account: '' }, `${name}:${managedTemplateVersion}`),
    description: template.description,
    templateVersion: managedTemplateVersion,
    environments,
    documentParameters: template.parameters,
    document: template.document,
  };
}

/**
 * The document of a job made from a managed template.
 * @param resource what stands after `jobtemplate/` in the ARN: `NAME:VERSION`.
 */
export function managedDocument(
  profile: Profile,
  resource: string,
  values: Readonly<Record<string, string>> = {},
): { readonly document: string } | Rejected {
  const [name = '', version = managedTemplateVersion] = resource.split(':');
  const template = templates.find((candidate) => candidate.name === name);
  if (template === undefined || version !== managedTemplateVersion) return templateNotFound(resource);
  const refusal = refuseParameters(template, values);
  if (refusal !== undefined) return refusal;
  const document = template.document.replaceAll(/\$\{aws:iot:parameter:([^}]+)\}/g, (whole, key: string) =>
    JSON.stringify(values[key] ?? (profile.omittedParameter === 'empty' ? '' : whole)).slice(1, -1),
  );
  return { document };
}

function refuseParameters({ name, parameters }: ManagedTemplate, values: object): Rejected | undefined {
  const given = new Map(Object.entries(values));
  for (const { key, optional, regex } of parameters) {
    const value = given.get(key!);
    if (value === undefined) {
      if (optional !== true) return invalidRequest(`Parameter ${key} of job template ${name} is required.`);
    } else if (!new RegExp(`^(?:${regex})$`, 's').test(value)) {
      return invalidRequest(`Parameter ${key} of job template ${name} must match ${regex}.`);
    }
    given.delete(key!);
  }
  const [unknown] = given.keys();
  return unknown === undefined
    ? undefined
    : invalidRequest(`Job template ${name} does not have the parameter ${unknown}.`);
}

function handlerTemplate(
  action: string,
  handler: string,
  description: string,
  required: readonly DocumentParameter[],
): ManagedTemplate {
  const args = required.map(({ key }) => placeholder(key!));
  const input = { handler, ...(args.length > 0 && { args }), path: placeholder('pathToHandler') };
  return {
    name: `AWS-${action}`,
    description,
    parameters: [...required, runAsUser, pathToHandler],
    document: oneStep(action, 'runHandler', input),
  };
}

function commandTemplate(): ManagedTemplate {
  const command = parameter('command', 'The words of the command, separated by commas.', '(.*?)', 'ls,-l', false);
  return {
    name: 'AWS-Run-Command',
    description: 'Runs a command.',
    parameters: [command, runAsUser],
    document: oneStep('Run-Command', 'runCommand', { command: placeholder('command') }),
  };
}

function oneStep(name: string, type: string, input: object): string {
  const action = { name, type, input, runAsUser: placeholder('runAsUser') };
  return JSON.stringify({ version: '1.0', steps: [{ action }] });
}

function placeholder(key: string): string {
  return `\${aws:iot:parameter:${key}}`;
}

function parameter(
  key: string,
  description: string,
  regex: string,
  example: string,
  optional: boolean,
): DocumentParameter {
  return { key, description, regex, example, optional };
}
