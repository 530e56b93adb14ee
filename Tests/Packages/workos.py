"""WorkOS on the loopback interface: a key set over HTTPS under WorkOS's own name, and access tokens of its key.

workos.py FOLDER        serves FOLDER/jwks.json on 127.0.0.1:443 with FOLDER/server.crt and FOLDER/server.key
"""

import base64
import http.server
import json
import pathlib
import ssl
import subprocess
import sys
import time

HOST = "api.workos.com"
CLIENT = "client_01PACKAGETEST"


def openssl(*arguments, **options):
    return subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, **options).stdout


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def make(folder: pathlib.Path):
    """The key of the tokens and its key set, an authority, and a certificate of it for HOST."""
    openssl("genrsa", "-out", folder / "token.key", "2048")
    modulus = openssl("rsa", "-in", folder / "token.key", "-noout", "-modulus").decode().strip().split("=")[1]
    key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "package-test", "e": "AQAB"}
    key["n"] = encoded(bytes.fromhex(modulus))
    (folder / "jwks.json").write_text(json.dumps({"keys": [key]}))
    new = ["req", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    openssl(*new, "-x509", "-subj", "/CN=Package test", "-keyout", folder / "ca.key", "-out", folder / "ca.crt")
    openssl(*new[:-2], "-subj", f"/CN={HOST}", "-keyout", folder / "server.key", "-out", folder / "server.csr")
    (folder / "names").write_text(f"subjectAltName=DNS:{HOST}\n")
    openssl(
        "x509",
        "-req",
        "-in",
        folder / "server.csr",
        "-CA",
        folder / "ca.crt",
        "-CAkey",
        folder / "ca.key",
        "-CAcreateserial",
        "-days",
        "2",
        "-extfile",
        folder / "names",
        "-out",
        folder / "server.crt",
    )


def bearer(folder: pathlib.Path, user: str) -> str:
    now = int(time.time())
    header = {"alg": "RS256", "typ": "JWT", "kid": "package-test"}
    claims = {"iss": f"https://{HOST}/user_management/{CLIENT}", "sub": user, "sid": "session_package"}
    claims |= {"iat": now, "exp": now + 600}
    signed = ".".join(encoded(json.dumps(part).encode()) for part in (header, claims))
    return signed + "." + encoded(openssl("dgst", "-sha256", "-sign", folder / "token.key", input=signed.encode()))


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        found = self.path == f"/sso/jwks/{CLIENT}"
        body = pathlib.Path(sys.argv[1], "jwks.json").read_bytes() if found else b"{}"
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def serve():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 443), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{sys.argv[1]}/server.crt", f"{sys.argv[1]}/server.key")
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.serve_forever()


if __name__ == "__main__":
    serve()
