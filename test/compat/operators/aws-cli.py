"""The AWS CLI, loaded once: one call per line on stdin, how it ended per line on stdout, both JSON.

A call is the list of the words after `aws`; its end is {code, stdout, stderr}. Each call is a process of its own, forked when the
CLI is loaded already, which is most of what a call costs. The endpoint, the region and the credentials come in the
environment, as for any AWS tool.
"""

import json
import os
import sys
import tempfile

from awscli.clidriver import main


def call(words):
    with tempfile.TemporaryFile("w+") as stdout, tempfile.TemporaryFile("w+") as stderr:
        child = os.fork()
        if child == 0:
            with open(os.devnull) as nothing:
                os.dup2(nothing.fileno(), 0)
            os.dup2(stdout.fileno(), 1)
            os.dup2(stderr.fileno(), 2)
            sys.argv = ["aws", *words]
            code = 255
            try:
                code = main()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        _, status = os.waitpid(child, 0)
        for written in (stdout, stderr):
            written.seek(0)
        return {"code": os.waitstatus_to_exitcode(status), "stdout": stdout.read(), "stderr": stderr.read()}


for line in sys.stdin:
    print(json.dumps(call(json.loads(line))), flush=True)
