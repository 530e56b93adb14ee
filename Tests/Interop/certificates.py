"""Certificates for listeners: a root, an intermediate authority, and what these sign."""

import datetime
import ipaddress
import os
import pathlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

DAY = datetime.timedelta(days=1)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


class Certificate:
    """A chain and its private key, both in PEM."""

    def __init__(self, certificate: x509.Certificate, chain: bytes, key):
        self.certificate, self.chain, self.private_key = certificate, chain, key

    def key(self, password: bytes | None = None) -> bytes:
        protection = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
        return self.private_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def end(self) -> int:
        return int(self.certificate.not_valid_after_utc.timestamp())


class Authority:
    def __init__(self):
        self.root_key, self.key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        root = _name("Root of the tests")
        self.root = self._sign(root, root, self.root_key.public_key(), self.root_key, 0, 3650, 1)
        self.name = _name("Intermediate of the tests")
        self.intermediate = self._sign(self.name, root, self.key.public_key(), self.root_key, 0, 3650, 0)

    @staticmethod
    def _sign(subject, issuer, public_key, key, since, days, path_length, names=()):
        now = datetime.datetime.now(datetime.timezone.utc)
        is_authority = path_length is not None
        builder = (
            x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + (since or -1 / 24) * DAY).not_valid_after(now + days * DAY)
            .add_extension(x509.BasicConstraints(is_authority, path_length), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        )
        if is_authority:
            usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
        else:
            usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False).add_extension(
                x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        return builder.add_extension(usage, critical=True).sign(key, hashes.SHA256())

    @property
    def pem(self) -> bytes:
        return _pem(self.root)

    def issue(self, days: float = 60, since: float = 0, key=None) -> Certificate:
        """A certificate for localhost that is valid from `since` to `days` days from now."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        made = self._sign(_name("localhost"), self.name, key.public_key(), self.key, since, days, None, names)
        return Certificate(made, _pem(made) + _pem(self.intermediate), key)


def rsa_key():
    return rsa.generate_private_key(65537, 2048)


class Files:
    """The files of one listener's certificate and key."""

    def __init__(self, folder: pathlib.Path, certificate: Certificate):
        folder.mkdir(parents=True)
        self.certificate, self.key = folder / "fullchain.pem", folder / "privkey.pem"
        self.put(certificate)

    def put(self, certificate: Certificate) -> None:
        """As programs that renew certificates do: each file is replaced at once."""
        self.replace(self.certificate, certificate.chain)
        self.replace(self.key, certificate.key())

    @staticmethod
    def replace(path: pathlib.Path, content: bytes) -> None:
        draft = path.with_suffix(".new")
        draft.write_bytes(content)
        draft.chmod(0o600)
        os.replace(draft, path)

    def settings(self, listener: str = "HTTP") -> dict[str, str]:
        return {
            f"{listener}_TLS_CERTIFICATE_FILE": str(self.certificate), f"{listener}_TLS_KEY_FILE": str(self.key),
        }
