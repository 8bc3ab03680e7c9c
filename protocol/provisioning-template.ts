/**
 * The body of a provisioning template: what it says about thing, certificate and policy, with the values that somebody gives put
 * in: a device that provisions itself, or the caller of RegisterThing. Reads the functions that AWS documents for templates: Ref,
 * Fn::Join, Fn::Select, Fn::FindInMap, Fn::Split, Fn::Sub.
 * Source: reference shadow-and-provisioning.md §4; AWS IoT Developer Guide, "Provisioning templates".
 */
import { type JsonObject, isJsonObject, parseJsonObject, present } from './json.ts';

export interface TemplateBody {
  /** Default values by name; without one the device has to give the value. */
  readonly parameters: ReadonlyMap<string, string | undefined>;
  readonly mappings: JsonObject;
  readonly resources: readonly TemplateResource[];
  readonly deviceConfiguration: JsonObject;
}

interface TemplateResource {
  /** Its logical name. */
  readonly name: string;
  readonly kind: ResourceKind;
  readonly properties: JsonObject;
  readonly overrides: JsonObject;
}

const resourceKinds = {
  'AWS::IoT::Thing': 'thing',
  'AWS::IoT::Certificate': 'certificate',
  'AWS::IoT::Policy': 'policy',
} as const;
type ResourceKind = (typeof resourceKinds)[keyof typeof resourceKinds];

/** A body with every value put in. */
export interface FilledTemplate {
  readonly thing?: ThingProperties;
  readonly certificate?: CertificateProperties;
  readonly policies: readonly PolicyProperties[];
  readonly deviceConfiguration: Readonly<Record<string, string>>;
}

interface Resource {
  /** What the template calls it. */
  readonly logicalName: string;
}

/** What a template says of its certificate, and where that comes from: one of these ways, or the device's own. */
export interface CertificateProperties extends Resource {
  readonly status: string;
  /** What becomes of the status of a certificate that is there. */
  readonly statusOverride: string | undefined;
  readonly certificateSigningRequest?: string;
  readonly certificateId?: string;
  readonly certificatePem?: string;
  readonly caCertificatePem?: string;
}

export interface ThingProperties extends Resource {
  readonly thingName: string;
  readonly thingTypeName?: string;
  readonly billingGroupName?: string;
  readonly groups: readonly string[];
  readonly attributes: Readonly<Record<string, string>>;
  /** What becomes of a thing that is there, by property. */
  readonly overrides: Readonly<Record<string, unknown>>;
}

export interface PolicyProperties extends Resource {
  readonly policyName?: string;
  readonly policyDocument?: string;
}

export type Readable<Value> = Value | { readonly problem: string };

export function readTemplateBody(text: string): Readable<TemplateBody> {
  const body = parseJsonObject(text);
  if (body === undefined) return { problem: 'it is not a JSON object' };
  const { Parameters: parameters = {}, Mappings: mappings = {}, Resources: resources } = body;
  const { DeviceConfiguration: deviceConfiguration = {} } = body;
  if (!isJsonObject(parameters) || !isJsonObject(mappings) || !isJsonObject(deviceConfiguration)) {
    return { problem: 'Parameters, Mappings and DeviceConfiguration must be objects' };
  }
  if (!isJsonObject(resources) || Object.keys(resources).length === 0) return { problem: 'it has no Resources' };
  const read: TemplateResource[] = [];
  for (const [name, resource] of Object.entries(resources)) {
    const type = isJsonObject(resource) ? resource['Type'] : undefined;
    const kind = Object.entries(resourceKinds).find(([known]) => known === type)?.[1];
    if (!isJsonObject(resource) || kind === undefined) return { problem: `resource ${name} has no known Type` };
    const { Properties: properties = {}, OverrideSettings: overrides = {} } = resource;
    if (!isJsonObject(properties) || !isJsonObject(overrides)) return { problem: `resource ${name} has no Properties` };
    read.push({ name, kind, properties, overrides });
  }
  const defaults = Object.entries(parameters).map(([name, parameter]) => {
    const value = isJsonObject(parameter) ? parameter['Default'] : undefined;
    return [name, typeof value === 'string' ? value : undefined] as const;
  });
  return { parameters: new Map(defaults), mappings, resources: read, deviceConfiguration };
}

/** @param given values by parameter; those that AWS gives itself (`AWS::IoT::Certificate::Id`) among them. */
export function fillTemplate(body: TemplateBody, given: ReadonlyMap<string, string>): Readable<FilledTemplate> {
  const filling = new Filling(body, given);
  const filled = filling.fill();
  return filling.problem === undefined ? filled : { problem: filling.problem };
}

/** Only the certificate, which has to be made or read before anything else of the template can be filled in. */
export function fillCertificate(
  body: TemplateBody,
  given: ReadonlyMap<string, string>,
): Readable<{ readonly certificate?: CertificateProperties }> {
  const filling = new Filling(body, given);
  const certificate = filling.certificate();
  if (filling.problem !== undefined) return { problem: filling.problem };
  return certificate === undefined ? {} : { certificate };
}

class Filling {
  readonly #body: TemplateBody;
  readonly #given: ReadonlyMap<string, string>;
  /** The first thing that went wrong. */
  problem: string | undefined;

  constructor(body: TemplateBody, given: ReadonlyMap<string, string>) {
    this.#body = body;
    this.#given = given;
  }

  fill(): FilledTemplate {
    const { resources, deviceConfiguration } = this.#body;
    const thing = resources.find(({ kind }) => kind === 'thing');
    const certificate = this.certificate();
    return {
      ...(thing && { thing: this.#thing(thing) }),
      ...(certificate && { certificate }),
      policies: resources.filter(({ kind }) => kind === 'policy').map((policy) => this.#policy(policy)),
      deviceConfiguration: this.#texts(deviceConfiguration),
    };
  }

  certificate(): CertificateProperties | undefined {
    const resource = this.#body.resources.find(({ kind }) => kind === 'certificate');
    if (resource === undefined) return undefined;
    const { Status: status = 'ACTIVE', CertificateSigningRequest: request, CertificateId: id } = resource.properties;
    const { CertificatePem: pem, CACertificatePem: ca } = resource.properties;
    const override = resource.overrides['Status'];
    return {
      logicalName: resource.name,
      status: this.#text(status).toUpperCase(),
      statusOverride: typeof override === 'string' ? override : undefined,
      ...present({
        certificateSigningRequest: this.#known(request),
        certificateId: this.#known(id),
        certificatePem: this.#known(pem),
        caCertificatePem: this.#known(ca),
      }),
    };
  }

  #thing({ name: logicalName, properties, overrides }: TemplateResource): ThingProperties {
    const { ThingName: name, ThingTypeName: type, BillingGroup: billing, ThingGroups: groups = [] } = properties;
    const { AttributePayload: attributes = {} } = properties;
    if (name === undefined) this.#fail('the thing has no ThingName');
    return {
      logicalName,
      thingName: this.#text(name ?? ''),
      ...present({ thingTypeName: this.#known(type), billingGroupName: this.#known(billing) }),
      groups: Array.isArray(groups) ? groups.map((group) => this.#text(group)) : [],
      attributes: isJsonObject(attributes) ? this.#texts(attributes) : {},
      overrides,
    };
  }

  #policy({ name: logicalName, properties }: TemplateResource): PolicyProperties {
    const { PolicyName: name, PolicyDocument: document } = properties;
    if (name === undefined && document === undefined) this.#fail('a policy has neither PolicyName nor PolicyDocument');
    const text = isJsonObject(document) ? JSON.stringify(document) : this.#known(document);
    return { logicalName, ...present({ policyName: this.#known(name), policyDocument: text }) };
  }

  #texts(values: JsonObject): Record<string, string> {
    return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, this.#text(value)]));
  }

  #known(value: unknown): string | undefined {
    return value === undefined ? undefined : this.#text(value);
  }

  #text(value: unknown): string {
    if (typeof value === 'string') return value;
    if (typeof value === 'number' || typeof value === 'boolean') return String(value);
    const [name, argument] = isJsonObject(value) ? (Object.entries(value)[0] ?? []) : [];
    const list = Array.isArray(argument) ? (argument as readonly unknown[]) : [];
    switch (name) {
      case 'Ref':
        return this.#parameter(String(argument));
      case 'Fn::Join':
        return this.#list(list[1]).join(this.#text(list[0]));
      case 'Fn::Select':
        return this.#list(list[1])[Number(this.#text(list[0]))] ?? this.#fail('Fn::Select finds nothing');
      case 'Fn::FindInMap':
        return this.#mapped(list.map((key) => this.#text(key)));
      case 'Fn::Sub':
        return Array.isArray(argument) ? this.#substituted(list) : this.#substituted([argument]);
      default:
        return this.#fail(`${JSON.stringify(value) ?? 'nothing'} is no value`);
    }
  }

  #list(value: unknown): readonly string[] {
    if (Array.isArray(value)) return value.map((item) => this.#text(item));
    const split = isJsonObject(value) ? value['Fn::Split'] : undefined;
    if (!Array.isArray(split)) return [this.#fail(`${JSON.stringify(value) ?? 'nothing'} is no list`)];
    return this.#text(split[1]).split(this.#text(split[0]));
  }

  #parameter(name: string): string {
    const value = this.#given.get(name) ?? this.#body.parameters.get(name);
    return value ?? this.#fail(`parameter ${name} has no value`);
  }

  #mapped(keys: readonly string[]): string {
    let found: unknown = this.#body.mappings;
    for (const key of keys) {
      const members = isJsonObject(found) ? new Map(Object.entries(found)) : undefined;
      found = members?.get(key);
    }
    return typeof found === 'string' ? found : this.#fail(`Fn::FindInMap finds nothing under ${keys.join(', ')}`);
  }

  #substituted([text, variables]: readonly unknown[]): string {
    const own = isJsonObject(variables) ? new Map(Object.entries(variables)) : undefined;
    return this.#text(text).replace(/\$\{([^}]+)\}/g, (_whole, name: string) =>
      own?.has(name) ? this.#text(own.get(name)) : this.#parameter(name),
    );
  }

  #fail(problem: string): string {
    this.problem ??= problem;
    return '';
  }
}
