"""The calls of awscurl that the documents show, with its options. awscurl is seldom installed; botocore signs here."""
import argparse
import sys
import urllib.error
import urllib.request

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

parser = argparse.ArgumentParser()
parser.add_argument("--service", default="execute-api")
parser.add_argument("--region", default="us-east-1")
parser.add_argument("--access_key")
parser.add_argument("--secret_key")
parser.add_argument("-X", "--request", default="GET")
parser.add_argument("-d", "--data", default="")
parser.add_argument("uri")
options = parser.parse_args()

body = options.data.encode()
headers = {"Content-Type": "application/json"} if body else {}
request = AWSRequest(method=options.request, url=options.uri, data=body, headers=headers)
S3SigV4Auth(Credentials(options.access_key, options.secret_key), options.service, options.region).add_auth(request)
prepared = request.prepare()
sent = urllib.request.Request(prepared.url, data=body or None, headers=dict(prepared.headers), method=options.request)
try:
    with urllib.request.urlopen(sent) as answer:
        sys.stdout.write(answer.read().decode())
except urllib.error.HTTPError as error:
    sys.stdout.write(error.read().decode())
    sys.exit(f"HTTP {error.code}")
