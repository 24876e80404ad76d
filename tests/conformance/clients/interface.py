"""Schemathesis against the payment interface: requests made from its OpenAPI document, answers held against it.

One JSON object on standard input: url, key, secret, examples. Prints what `runClient` reads.
"""

import collections
import hashlib
import hmac
import json
import secrets
import sys
import time
import traceback

import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis import checks
from schemathesis.core.failures import FailureGroup


class Signed(requests.auth.AuthBase):
    """Signs the request as it goes out, after everything in it was made up."""

    def __init__(self, key, secret):
        self.key, self.secret = key, secret

    def __call__(self, request):
        body = request.body or b""
        if isinstance(body, str):
            body = body.encode()
        timestamp, nonce = str(int(time.time())), secrets.token_hex(16)
        text = "\n".join([
            "PAYDESK-HMAC-SHA256-1", request.method, request.path_url, self.key, timestamp, nonce,
            request.headers.get("Idempotency-Key", ""), hashlib.sha256(body).hexdigest(),
        ])
        signature = hmac.new(self.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
        request.headers.update({
            "Paydesk-Key": self.key,
            "Paydesk-Timestamp": timestamp,
            "Paydesk-Nonce": nonce,
            "Paydesk-Signature": signature,
        })
        return request


CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
]


def failure_of(operation, mode, auth, examples):
    """Why an operation does not keep to its description; nothing: it does."""
    answered = collections.Counter()

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=examples, derandomize=True, deadline=None, database=None,
        suppress_health_check=list(HealthCheck),
    )
    def keeps(case):
        response = case.call(auth=auth, timeout=60)
        answered[response.status_code] += 1
        case.validate_response(response, checks=CHECKS)

    try:
        keeps()
    except Unsatisfiable:
        # Nothing wrong can be made of an operation without anything to fill in.
        return None if mode is GenerationMode.NEGATIVE else "nothing could be made of it"
    except (Exception, FailureGroup) as error:
        return "".join(traceback.format_exception_only(error))
    print(f"{operation.label} {mode.value}: {dict(answered)}", file=sys.stderr)
    return None


def main():
    asked = json.load(sys.stdin)
    auth = Signed(asked["key"], asked["secret"])
    schema = schemathesis.openapi.from_url(f"{asked['url']}/openapi.json")
    for found in schema.get_all_operations():
        operation = found.ok()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            name = f"{operation.label} keeps to its description, {mode.value} requests"
            failure = failure_of(operation, mode, auth, asked["examples"])
            print(json.dumps({"name": name, "failure": failure}), flush=True)


main()
