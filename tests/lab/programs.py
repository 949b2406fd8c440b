"""Client programs without a window: curl, openssl, Node and Python, each as its user would start it."""

import json
from dataclasses import dataclass

NODE = """
const seconds = 20;
const ask = async name => {
  try {
    const answer = await fetch(`https://${name}/`, {signal: AbortSignal.timeout(seconds * 1000)});
    return [name, await answer.text(), null];
  } catch (error) {
    return [name, null, error.cause ? error.cause.code : error.name];
  }
};
Promise.all(process.argv.slice(1).map(ask)).then(all => console.log(JSON.stringify(all)));
"""

PYTHON = """
import json, sys, urllib.request
for name in sys.argv[1:]:
    try:
        with urllib.request.urlopen(f"https://{name}/", timeout=20) as answer:
            print(json.dumps([name, answer.read().decode(), None]))
    except OSError as error:
        print(json.dumps([name, None, str(getattr(error, "reason", error))]))
"""


@dataclass(frozen=True)
class Asked:
    """What a program got for a name: a body, or its own word for the error."""

    name: str
    body: str | None
    error: str | None


def curl(lab, names):
    return [curl_one(lab, name) for name in names]


def curl_one(lab, name, *options):
    done = lab.client.run("curl", "--disable", "--silent", "--show-error", "--max-time", 20, *options,
                          f"https://{name}/", env=lab.environment(), check=False)
    if done.returncode == 0:
        return Asked(name, done.stdout.decode(), None)
    return Asked(name, None, done.stderr.decode().strip())


def openssl(lab, names):
    return [openssl_one(lab, name) for name in names]


def openssl_one(lab, name, *options):
    request = f"GET / HTTP/1.0\r\nHost: {name}\r\n\r\n".encode()
    done = lab.client.run("timeout", 20, "openssl", "s_client", "-quiet", "-verify_return_error",
                          "-servername", name, "-verify_hostname", name, *options, "-connect", f"{name}:443",
                          env=lab.environment(), input=request, check=False)
    head, _, body = done.stdout.decode().partition("\r\n\r\n")
    if head.startswith("HTTP/1.0 200"):
        return Asked(name, body, None)
    return Asked(name, None, done.stderr.decode().strip())


def node(lab, names):
    done = lab.client.run("node", "--input-type=module", "--eval", NODE, *names, env=lab.environment())
    return [Asked(*one) for one in json.loads(done.stdout)]


def python(lab, names):
    done = lab.client.run("/usr/bin/python3", "-c", PYTHON, *names, env=lab.environment())
    return [Asked(*json.loads(line)) for line in done.stdout.splitlines()]


ALL = (curl, openssl, node, python)
