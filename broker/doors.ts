/**
 * The doors of a service, MQTT and HTTP, opened in front of an engine that is here or behind a link. Composes and holds no rule.
 */
import { type Socket, isIPv6 } from 'node:net';
import type { Duplex } from 'node:stream';
import type { AnswerFaults } from '../faults/service-faults.ts';
import { handledOperations } from './engine/dispatch.ts';
import { certificateNames, endpointsOf, localHostOf } from './endpoints.ts';
import { type HttpDoor, type PageGate, openHttpDoor } from './http/http-door.ts';
import type { MindOfDoors } from './mind.ts';
import type { ConnectionProof } from './mqtt/access-control.ts';
import type { MqttDoorEvent } from './mqtt/door-events.ts';
import { everyThing, noThing, undecided } from './mqtt/identity.ts';
import { type ElsewhereOf, type MqttDoor, openMqttDoor } from './mqtt/mqtt-door.ts';
import { provisioningAnswerer } from './mqtt/provisioning-requests.ts';
import { doorReadings } from './mqtt/readings.ts';
import { SocketBudget } from './net/socket-budget.ts';
import { type WebRules, objectionToWeb, parseHost } from './net/web-guard.ts';
import type { PortOption, ServiceOptions } from './service-options.ts';
import { streamAnswerer } from './stream-answerer.ts';
import type { Surroundings } from './surroundings.ts';

export interface OpenedDoors {
  readonly endpoints: Readonly<Record<string, string>>;
  readonly mqtt: MqttDoor;
  acceptMqtt(stream: Duplex): void;
  /** Lets in a client that came to another door; its socket is this process's now. */
  takeOver(socket: Socket, proof: Partial<ConnectionProof>): void;
  close(): Promise<void>;
}

export interface DoorParts {
  readonly mind: MindOfDoors;
  readonly page: PageGate;
  /** The door of a client that belongs to another one; absent: there is one. */
  readonly elsewhere?: ElsewhereOf;
  /** What goes wrong with answers. */
  readonly faults: AnswerFaults | undefined;
  /** Told of everything at the doors. */
  readonly tell: Surroundings['events']['tell'];
}

/** @throws {OperationalError} when a port cannot be used; nothing is left open then */
export async function openDoors(
  options: ServiceOptions,
  surroundings: Surroundings,
  { mind, page, faults, tell, elsewhere }: DoorParts,
): Promise<OpenedDoors> {
  const { mqttPort, mqttsPort, wsPort, wssPort, httpPort, httpsPort, board = false, identity, advertise } = options;
  const { host, identity: scope, authority, issuer, files, addresses, watchers, onTransfer, events } = surroundings;
  const { port } = mind;
  // What makes certificates and what checks signatures are loaded where they are wanted.
  const isSecure = board || [mqttsPort, wssPort, httpsPort].some((wanted) => wanted !== 'off');
  const names = certificateNames(host, advertise?.host);
  const certificates = isSecure ? { ...(await authority.issueServerCertificate(names)), ca: authority.ca } : undefined;
  const checks = options.accessKeys && (await signatureChecks(options.accessKeys));
  const signatures = checks?.ofRequests;
  const gatewaySignatures = checks?.ofUpgrades;
  const readings = doorReadings[options.profile ?? 'observed'];
  let answerHttp: HttpDoor['answer'] = notYet;
  const budget = new SocketBudget((connections) => tell({ kind: 'out-of-descriptors', connections }));
  const web: WebRules = {
    hosts: [localHostOf(host), ...(advertise ? [advertise.host] : [])].map(asInUrl),
    checksHost: signatures === undefined,
    origins: options.allowedOrigins ?? [],
    ownPorts: () => Object.values(surroundings.httpPorts),
  };
  /** Filled in when the doors are open. */
  let endpoints: Readonly<Record<string, string>> = {};
  const mqtt = await openMqttDoor({
    port,
    ...(faults && { faults }),
    // One entry for each feature that needs more than the service to be answered.
    answerers: {
      provisioning: provisioningAnswerer(port, issuer),
      streams: streamAnswerer({
        port,
        ...(files && { openImage: files.openImage }),
        onTransfer,
      }),
    },
    host,
    listeners: listeners({ tcp: signatures ? 'off' : mqttPort, tls: mqttsPort, ws: wsPort, wss: wssPort }),
    ...(certificates && { certificates }),
    ...(mind.sessionStore && { sessionStore: mind.sessionStore }),
    ...(mind.passage && { passage: mind.passage }),
    inflow: mind.inflow,
    whyNotUpgrade: (request) =>
      objectionToWeb(request, web) ?? (gatewaySignatures && gatewaySignatures({ ...request, body: noBody })),
    budget,
    ...(identity && !signatures && { identity }),
    ...(signatures && { policyScope: scope, upgradesAreSigned: true }),
    watchers,
    isThing: (thingName) => mind.isThing(thingName),
    strict: options.strict,
    ...(options.packetsPerSecond !== undefined && { packetsPerSecond: options.packetsPerSecond }),
    readings,
    ...(options.tap && { tap: options.tap }),
    ...(elsewhere && { elsewhere }),
    ...(board && { web: (request, response) => answerHttp(request, response) }),
    onEvent(event) {
      if (event.kind === 'connected') addresses.deviceCame(deviceOf(event), event.address ?? '');
      if (event.kind === 'identified') addresses.deviceCame(event.thingName, event.address ?? '');
      tell(event);
    },
  });
  try {
    const https =
      board || httpsPort === 'off' || certificates === undefined
        ? {}
        : { https: { port: httpsPort ?? 0, ...certificates } };
    const http = await openHttpDoor({
      port,
      handled: handledOperations,
      ...(faults && { faults }),
      page,
      certificates: issuer,
      host,
      listeners: { ...listeners({ http: httpPort }), ...https },
      identity: scope,
      ...(options.region !== undefined && { region: 'fixed' as const }),
      ...(options.packetsPerSecond !== undefined && { requestsPerSecond: options.packetsPerSecond }),
      inflow: mind.inflow,
      shadowsInFlight: readings.shadowsInFlight,
      retiredEndpointTypes: options.profile === 'documented' ? 'served' : 'refused',
      endpointFor: addresses.endpointFor,
      deviceCame: addresses.deviceCame,
      ...(files && { files }),
      ...(options.fileGate && { fileGate: options.fileGate }),
      ...(options.deviceGate && { deviceGate: options.deviceGate }),
      ...(signatures && { signatures, policyScope: scope }),
      web,
      budget,
      onEvent: tell,
      status: () => ({
        endpoints,
        connectedClients: mqtt.connectedClients,
        reservedPublications: mqtt.reservedPublications,
        events: events.counts,
        ...(mind.executionStatuses && { executionStatuses: mind.executionStatuses }),
      }),
    });
    answerHttp = http.answer;
    const { tcp, tls, ws, wss } = mqtt.ports;
    surroundings.httpPorts = { ...http.ports, ...(board && wss !== undefined && { https: wss }) };
    endpoints = endpointsOf(host, { mqtt: tcp, mqtts: tls, ws, wss, ...surroundings.httpPorts });
    return {
      endpoints,
      mqtt,
      acceptMqtt: (stream) => mqtt.accept(stream),
      takeOver(socket, proof) {
        if (budget.admit(socket)) mqtt.accept(socket, { ...proof, socket });
      },
      async close() {
        await http.close();
        await mqtt.close();
      },
    };
  } catch (error) {
    await mqtt.close();
    throw error;
  }
}

async function signatureChecks(keys: NonNullable<ServiceOptions['accessKeys']>) {
  const { createSignatureCheck } = await import('./http/signatures.ts');
  const accessKeys = new Map(Object.entries(keys));
  return {
    ofRequests: createSignatureCheck(accessKeys, Date.now),
    ofUpgrades: createSignatureCheck(accessKeys, Date.now, gatewayServices),
  };
}

/** As a Host header names it. */
function asInUrl(host: string): string {
  return parseHost(isIPv6(host) ? `[${host}]` : host)?.name ?? host;
}

/** What clients sign the URL of a WebSocket for; AWS's SDK for Python, version 1, says `iotdata`. */
const gatewayServices: ReadonlySet<string> = new Set(['iotdevicegateway', 'iotdata']);

const noBody = new Uint8Array();
const notYet: HttpDoor['answer'] = (_request, response) => void response.writeHead(503).end();

/** A client that may act for every thing, or has not spoken for one, is taken for the one that its client id names. */
function deviceOf({ clientId, principal }: MqttDoorEvent & { readonly kind: 'connected' }): string {
  return principal === everyThing || principal === noThing || principal === undecided ? clientId : principal;
}

/** Only what is not `off`; what is not said takes a free port. */
function listeners<Name extends string>(
  wanted: Readonly<Record<Name, PortOption | undefined>>,
): { [N in Name]?: number } {
  const entries = Object.entries<PortOption | undefined>(wanted).filter(([, port]) => port !== 'off');
  return Object.fromEntries(entries.map(([name, port = 0]) => [name, port])) as { [N in Name]?: number };
}
