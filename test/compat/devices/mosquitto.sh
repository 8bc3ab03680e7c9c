#!/usr/bin/env bash
# The Mosquitto command line clients as a device: one mosquitto_sub listens to `notify-next`, and each request is a
# mosquitto_rr of its own, which subscribes to `accepted` only, since it takes no wildcard, and leaves with the first answer:
# `rejected` must come unasked. The certificate says which thing all of them are. Argument: MQTT version as Mosquitto names it
# (mqttv311 or 5). Speaks with the test as conversation.mjs does.
set -euo pipefail

thing=$JOBRIG_THING_NAME
jobs="\$aws/things/$thing/jobs"
connection=(-V "$1" -q 1 -h "$JOBRIG_MQTT_HOST" -p "$JOBRIG_MQTTS_PORT"
  --cafile "$JOBRIG_CA_FILE" --cert "$JOBRIG_CERT_FILE" --key "$JOBRIG_KEY_FILE")
running=

request() { # request TOPIC PAYLOAD: prints the answer, topic and payload
  mosquitto_rr "${connection[@]}" -i "$thing-request" -t "$jobs/$1" -e "$jobs/$1/accepted" -m "$2" -v -W 10
}

member() { # member NAME: its text in the JSON on stdin, nothing when it is not there
  sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"
}

start_next() {
  local answer
  answer=$(request start-next '{}' | member jobId)
  [ -n "$answer" ] || return 0
  running=$answer
  echo "{\"event\":\"started\",\"jobId\":\"$running\"}"
}

finish() {
  local answer
  answer=$(request "$running/update" '{"status":"SUCCEEDED"}')
  case ${answer%% *} in
    */accepted) answer=accepted ;;
    *) answer=$(member code <<<"$answer") ;;
  esac
  echo "{\"event\":\"answered\",\"jobId\":\"$running\",\"answer\":\"$answer\"}"
}

# What the listener prints and what the test says come in one stream; `-d` makes the listener say when it is subscribed.
exec 3<&0
{
  stdbuf -oL mosquitto_sub "${connection[@]}" -d -i "$thing-listener" -t "$jobs/notify-next" <&- &
  cat <&3
  kill $!
} | while read -r line; do
  case $line in
    finish) finish ;;
    Subscribed* | *'"status":"QUEUED"'*) start_next ;;
  esac
done
