"""boto3 as an operator: one request per line on stdin, one answer per line on stdout, both JSON.

A request is {service, operation, members}; an answer is {output} or {error}, the name of AWS's exception.
The endpoint, the region and the credentials come in the environment, as for any AWS tool.
"""

import json
import os
import sys

import boto3
from botocore import xform_name
from botocore.exceptions import ClientError

endpoint = os.environ["AWS_ENDPOINT_URL"]  # read here because boto3 before 1.28 does not
clients = {name: boto3.client(name, endpoint_url=endpoint) for name in ("iot", "iot-jobs-data")}

for line in sys.stdin:
    request = json.loads(line)
    call = getattr(clients[request["service"]], xform_name(request["operation"]))
    try:
        output = call(**request["members"])
        del output["ResponseMetadata"]
        answer = {"output": output}
    except ClientError as error:
        answer = {"error": error.response["Error"]["Code"]}
    print(json.dumps(answer, default=lambda time: time.isoformat()), flush=True)
