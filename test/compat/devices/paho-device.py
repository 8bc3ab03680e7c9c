"""Eclipse Paho for Python: subscribes to `notify-next` and the update's answers, starts what is next.

Arguments: MQTT version (311 or 5), transport (tcp or tls). Speaks with the test as conversation.mjs does.
"""

import json
import os
import sys

import paho.mqtt.client as mqtt

version, transport = sys.argv[1:]
thing = os.environ["JOBRIG_THING_NAME"]
jobs = f"$aws/things/{thing}/jobs"
running = None


def tell(**event):
    print(json.dumps(event), flush=True)


def start_next(client):
    client.publish(f"{jobs}/start-next", "{}", qos=1)


def on_connect(client, _userdata, _flags, code, _properties=None):
    if code != 0:
        sys.exit(f"connection refused: {code}")
    client.subscribe([(f"{jobs}/notify-next", 1), (f"{jobs}/start-next/+", 1), (f"{jobs}/+/update/+", 1)])


def on_subscribe(client, *_):
    start_next(client)


def on_message(client, _userdata, message):
    global running
    payload = json.loads(message.payload)
    topic = message.topic[len(jobs) + 1 :]
    if topic == "notify-next":
        if payload.get("execution", {}).get("status") == "QUEUED":
            start_next(client)
    elif topic == "start-next/accepted" and "execution" in payload:
        running = payload["execution"]["jobId"]
        tell(event="started", jobId=running)
    elif topic.endswith("/update/accepted"):
        tell(event="answered", jobId=running, answer="accepted")
    elif topic.endswith("/rejected"):
        tell(event="answered", jobId=running, answer=payload["code"])


client = mqtt.Client(client_id=thing, protocol=mqtt.MQTTv5 if version == "5" else mqtt.MQTTv311)
client.on_connect = on_connect
client.on_subscribe = on_subscribe
client.on_message = on_message
if transport == "tls":
    client.tls_set(
        ca_certs=os.environ["JOBRIG_CA_FILE"],
        certfile=os.environ["JOBRIG_CERT_FILE"],
        keyfile=os.environ["JOBRIG_KEY_FILE"],
    )
port = os.environ["JOBRIG_MQTTS_PORT" if transport == "tls" else "JOBRIG_MQTT_PORT"]
client.connect(os.environ["JOBRIG_MQTT_HOST"], int(port))
client.loop_start()
for line in sys.stdin:
    if line.strip() == "finish":
        client.publish(f"{jobs}/{running}/update", json.dumps({"status": "SUCCEEDED"}), qos=1)
client.disconnect()
