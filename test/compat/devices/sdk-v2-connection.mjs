/**
 * Connections of the AWS IoT Device SDK v2 for JavaScript, made with the SDK's own builders: MQTT 3.1.1 and MQTT 5, mutual TLS
 * (where the SDK asks for ALPN `x-amzn-mqtt-ca` by itself on port 443) and WebSocket, signed with the credentials of the
 * environment.
 */
import { once } from 'node:events';
import { iot, mqtt, mqtt5 } from 'aws-iot-device-sdk-v2';
import * as rig from './conversation.mjs';

/** @returns a connected MQTT 3.1.1 connection. */
export async function connect311(transport) {
  const builder =
    transport === 'wss'
      ? iot.AwsIotMqttConnectionConfigBuilder.new_with_websockets()
          .with_credentials('us-east-1', process.env['AWS_ACCESS_KEY_ID'], process.env['AWS_SECRET_ACCESS_KEY'])
          .with_port(rig.wssPort)
      : iot.AwsIotMqttConnectionConfigBuilder.new_mtls_builder_from_path(rig.certFile, rig.keyFile).with_port(
          rig.mqttsPort,
        );
  const config = builder
    .with_certificate_authority_from_path(undefined, rig.caFile)
    .with_endpoint(rig.host)
    .with_client_id(rig.thingName)
    .with_clean_session(true)
    .build();
  const connection = new mqtt.MqttClient().new_connection(config);
  await connection.connect();
  return connection;
}

/** @returns a connected MQTT 5 client. */
export async function connect5() {
  const builder = iot.AwsIotMqtt5ClientConfigBuilder.newDirectMqttBuilderWithMtlsFromPath(
    rig.host,
    rig.certFile,
    rig.keyFile,
  );
  const config = builder
    .withCertificateAuthorityFromPath(undefined, rig.caFile)
    .withPort(rig.mqttsPort)
    .withConnectProperties({ clientId: rig.thingName, keepAliveIntervalSeconds: 60 })
    .build();
  const client = new mqtt5.Mqtt5Client(config);
  client.on('connectionFailure', ({ error }) => console.error(error));
  const connected = once(client, mqtt5.Mqtt5Client.CONNECTION_SUCCESS);
  client.start();
  await connected;
  return client;
}
