"""Calls AWS operations for a test: one line of JSON in, one line of JSON out.

`boto3` calls a client's methods; `awscli` runs the AWS command line as it is, in this process, because starting it anew
for each call would take a second each. The first line says which operations the installed version knows.
"""

import contextlib
import io
import json
import os
import re
import sys

SERVICES = {"iot": "iot", "iot-jobs-data": "iot-jobs-data"}


def command_of(operation):
    return re.sub(r"([a-z0-9])([A-Z])", r"\1-\2", operation).lower()


def known_operations(session):
    return [
        f"{service}.{operation}"
        for service in SERVICES
        for operation in session.get_service_model(service).operation_names
    ]


def plain(value):
    """Dates as AWS's command line prints them, bytes as text."""
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if hasattr(value, "read"):
        return value.read().decode()
    return value.decode() if isinstance(value, bytes) else str(value)


def call_boto3(clients, service, operation, arguments):
    from botocore.exceptions import ClientError

    client = clients[service]
    method = {api: name for name, api in client.meta.method_to_api_mapping.items()}[operation]
    try:
        output = getattr(client, method)(**arguments)
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        return {"error": error.response["Error"]["Code"], "status": status, "message": str(error)}
    output.pop("ResponseMetadata", None)
    return {"output": output}


def call_awscli(driver, service, operation, arguments):
    argv = [service, command_of(operation), "--endpoint-url", os.environ["TEST_ENDPOINT"], "--output", "json"]
    argv += ["--cli-input-json", json.dumps(arguments)] if arguments else []
    out, err = io.TextIOWrapper(io.BytesIO(), write_through=True), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = driver.main(argv)
    text = out.buffer.getvalue().decode()
    if status == 0:
        return {"output": json.loads(text) if text.strip() else {}}
    told = re.search(r"An error occurred \((\w+)\)", err.getvalue())
    return {"error": told.group(1) if told else "none", "exitCode": status, "message": err.getvalue().strip()}


def main():
    mode = sys.argv[1]
    if mode == "boto3":
        import boto3

        clients = {name: boto3.client(name, endpoint_url=os.environ["TEST_ENDPOINT"]) for name in SERVICES}
        known = known_operations(boto3.session.Session()._session)
        version = boto3.__version__
    else:
        import awscli
        from awscli.clidriver import create_clidriver

        driver = create_clidriver()
        known = known_operations(driver.session)
        version = awscli.__version__
    print(json.dumps({"version": version, "known": known}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        parts = (request["service"], request["operation"], request["input"])
        answer = call_boto3(clients, *parts) if mode == "boto3" else call_awscli(driver, *parts)
        print(json.dumps(answer, default=plain), flush=True)


main()
