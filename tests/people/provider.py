"""A local OpenID Connect provider: real HTTP, real keys, and every way to misbehave."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID, CLIENT_SECRET = "flowsite", "canary-oidc-secret"


class Provider:
    """Answers discovery, keys, tokens and user info at ``issuer``."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
        #: What signs; another key than the published one is a forgery.
        self.signing_key = self.key
        self.algorithm = "RS256"
        self.algorithms = ["RS256"]
        #: What discovery says that the issuer is, where it lies.
        self.named = ""
        self.discovery_status = 200
        self.claims: dict[str, Any] = {}
        self.userinfo: dict[str, Any] = {}
        self.challenge = ""
        self.asked: list[str] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.named or self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "id_token_signing_alg_values_supported": self.algorithms,
            "code_challenge_methods_supported": ["S256"],
        }

    def token(self, form: dict[str, list[str]], authorization: str) -> tuple[int, dict[str, Any]]:
        sent = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        verifier = form.get("code_verifier", [""])[0]
        digest = hashlib.sha256(verifier.encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if sent != f"{CLIENT_ID}:{CLIENT_SECRET}" or challenge != self.challenge:
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 60, **self.claims}
        claims = {name: value for name, value in claims.items() if value is not None}
        header = {"alg": self.algorithm, "kid": "one"}
        id_token = jwt.encode(header, claims, self.signing_key, algorithms=[self.algorithm])
        return 200, {"access_token": "a", "token_type": "Bearer", "id_token": id_token}

    def _handler(provider) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.asked.append(self.path)
                answers = {
                    "/.well-known/openid-configuration": provider.metadata(),
                    "/keys": {"keys": [provider.key.as_dict(private=False)]},
                    "/userinfo": provider.userinfo,
                }
                discovery = self.path.startswith("/.well-known")
                status = provider.discovery_status if discovery else 200
                self.answer(status, answers[self.path])

            def do_POST(self) -> None:
                provider.asked.append(self.path)
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                authorization = self.headers.get("Authorization", "")
                self.answer(*provider.token(parse_qs(body), authorization))

            def answer(self, status: int, body: dict[str, Any]) -> None:
                text = json.dumps(body).encode()
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", "/keys")
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        return Handler
