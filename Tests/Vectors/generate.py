#!/usr/bin/env python3
"""Makes the signature vectors that JOSETests runs: Tests/Vectors/*.json.

    Tests/Vectors/generate.py            writes them
    Tests/Vectors/generate.py --check    fails when the committed files are not what this script makes

Every case is a compact JWS, a key set and whether the JWS is valid. The paddings are made by raw RSA with a private
key, so each says exactly what is wrong with it. Needs `cryptography`, whose own verifier must agree about every
signature of the right key.

Everything is derived from labels: keys, messages, salts. The private keys here have signed nothing but these vectors.
"""

import argparse
import base64
import functools
import hashlib
import hmac
import json
import math
import pathlib
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

OUTPUT = pathlib.Path(__file__).resolve().parent

# --- Numbers and keys -------------------------------------------------------------------------------------------------


def stream(label: str, count: int) -> bytes:
    """Bytes that look random and are the same in every run."""
    return hashlib.shake_256(b"connvo vectors: " + label.encode()).digest(count)


SMALL_PRIMES = [number for number in range(3, 4000, 2) if all(number % other for other in range(3, 64, 2) if other < number)]


def is_prime(number: int) -> bool:
    """Miller-Rabin with 16 bases: enough for large odd numbers that were not chosen to deceive the test."""
    if any(number % small == 0 for small in SMALL_PRIMES):
        return False
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for base in SMALL_PRIMES[:16]:
        power = pow(base, odd, number)
        if power in (1, number - 1):
            continue
        for _ in range(twos - 1):
            power = pow(power, 2, number)
            if power == number - 1:
                break
        else:
            return False
    return True


def prime(label: str, bits: int, e: int) -> int:
    """The first prime after a derived start with its two highest bits set, with p - 1 coprime to e."""
    candidate = int.from_bytes(stream(label, bits // 8 + 1), "big") % (1 << bits)
    candidate |= 3 << (bits - 2) | 1
    while not (is_prime(candidate) and math.gcd(candidate - 1, e) == 1):
        candidate += 2
    return candidate


class Key:
    """An RSA key with its private half."""

    def __init__(self, label: str, bits: int = 2048, e: int = 65537):
        p = prime(label + " p", (bits + 1) // 2, e)
        q = prime(label + " q", bits // 2, e)
        self.n, self.e = p * q, e
        assert self.n.bit_length() == bits, (label, self.n.bit_length())
        self.p, self.q = p, q
        self.d = pow(e, -1, math.lcm(p - 1, q - 1))
        self.size = (bits + 7) // 8
        self.public = rsa.RSAPublicNumbers(e, self.n)

    def raw(self, block: bytes) -> bytes:
        """The number whose e-th power is `block`."""
        number = int.from_bytes(block, "big")
        assert number < self.n, "the block is not below the modulus"
        # By the Chinese remainder theorem, which is four times as fast (RFC 8017, section 5.1.2).
        one, two = pow(number, self.d % (self.p - 1), self.p), pow(number, self.d % (self.q - 1), self.q)
        root = two + self.q * ((one - two) * pow(self.q, -1, self.p) % self.p)
        return root.to_bytes(self.size, "big")

    def sign(self, message: bytes) -> bytes:
        return self.raw(self.block(message))

    def block(self, message: bytes, digest_info: bytes = None) -> bytes:
        """EMSA-PKCS1-v1_5 (RFC 8017, section 9.2)."""
        info = SHA256_INFO + sha256(message) if digest_info is None else digest_info
        return b"\x00\x01" + b"\xff" * (self.size - len(info) - 3) + b"\x00" + info

    def is_valid(self, signature: bytes, message: bytes) -> bool:
        """What `cryptography` says."""
        try:
            self.public.public_key().verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
            return True
        except InvalidSignature:
            return False

    def jwk(self, kid="k", **more) -> dict:
        members = {"kty": "RSA", "kid": kid, "n": base64url(integer(self.n)), "e": base64url(integer(self.e))}
        members.update(more)
        return {name: value for name, value in members.items() if value is not None}

    def pem(self) -> bytes:
        return self.public.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def der(self) -> bytes:
        return self.public.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )


@functools.cache
def key(label: str, bits: int = 2048, e: int = 65537) -> Key:
    return Key(label, bits, e)


# --- Encodings --------------------------------------------------------------------------------------------------------


def sha256(message: bytes) -> bytes:
    return hashlib.sha256(message).digest()


def integer(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8 or 1, "big")


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def der(tag: int, content: bytes) -> bytes:
    """DER: the shortest form of the length."""
    count = len(content)
    if count < 128:
        return bytes([tag, count]) + content
    length = integer(count)
    return bytes([tag, 0x80 | len(length)]) + length + content


def long_form(tag: int, content: bytes, octets: int = 1) -> bytes:
    """BER: the length in more octets than it needs."""
    return bytes([tag, 0x80 | octets]) + len(content).to_bytes(octets, "big") + content


def indefinite(tag: int, content: bytes) -> bytes:
    return bytes([tag, 0x80]) + content + b"\x00\x00"


OID = {
    "md5": "2a864886f70d0205",
    "sha1": "2b0e03021a",
    "sha224": "608648016503040204",
    "sha256": "608648016503040201",
    "sha384": "608648016503040202",
    "sha512": "608648016503040203",
    "sha512_256": "608648016503040206",
    "sha3_256": "608648016503040208",
    "sha256WithRSAEncryption": "2a864886f70d01010b",
}
NULL = b"\x05\x00"


def oid(name: str) -> bytes:
    return der(0x06, bytes.fromhex(OID[name]))


def info(algorithm: bytes, digest: bytes) -> bytes:
    """DigestInfo (RFC 8017, section 9.2)."""
    return der(0x30, algorithm + der(0x04, digest))


SHA256_INFO = info(der(0x30, oid("sha256") + NULL), bytes(32))[:-32]
HEADER = {"alg": "RS256", "kid": "k"}


def text(value) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def signing_input(header=HEADER, payload: bytes = b'{"sub":"user_1"}') -> bytes:
    header = header if isinstance(header, bytes) else text(header)
    return (base64url(header) + "." + base64url(payload)).encode()


def jws(signed: bytes, signature: bytes) -> str:
    return signed.decode() + "." + base64url(signature)


# --- Files ------------------------------------------------------------------------------------------------------------


class Group:
    """Cases that share a key set."""

    def __init__(self, name: str, key_set):
        self.name, self.key_set, self.cases = name, key_set, []

    def add(self, comment: str, token: str, valid: bool = False):
        self.cases.append({"comment": comment, "jws": token, "result": "valid" if valid else "invalid"})

    def block(self, signer: Key, comment: str, block: bytes, valid: bool = False):
        """A signature whose e-th power is `block`, of any length up to the modulus'."""
        signed = signing_input()
        signature = signer.raw(block)
        assert signer.is_valid(signature, signed) == valid, comment
        self.add(comment, jws(signed, signature), valid)

    def signature(self, signer: Key, comment: str, signature: bytes, valid: bool = False):
        signed = signing_input()
        if len(signature) == signer.size:
            assert signer.is_valid(signature, signed) == valid, comment
        self.add(comment, jws(signed, signature), valid)

    def json(self) -> dict:
        return {"name": self.name, "keys": self.key_set, "cases": self.cases}


def key_set(*keys) -> str:
    return text({"keys": list(keys)}).decode()


def block_of(size: int, info_bytes: bytes, ps: int = None, fill: bytes = b"\xff", head: bytes = b"\x00\x01",
             end: bytes = b"\x00", tail: bytes = b"") -> bytes:
    """A block of `size` bytes: head, padding, end, DigestInfo, tail. Without `ps` the padding takes what is left."""
    left = size - len(head) - len(end) - len(info_bytes) - len(tail)
    count = left if ps is None else ps
    return (head + fill * count + end + info_bytes + tail).ljust(size, b"\x00")[:size]


def digest_infos(message: bytes):
    """Wrong DigestInfos, as (comment, bytes)."""
    digest = sha256(message)
    algorithm = der(0x30, oid("sha256") + NULL)
    octets = der(0x04, digest)
    yield "no NULL in the algorithm", info(der(0x30, oid("sha256")), digest)
    yield "two NULLs in the algorithm", info(der(0x30, oid("sha256") + NULL + NULL), digest)
    yield "a NULL with a length of 1", info(der(0x30, oid("sha256") + b"\x05\x01\x00"), digest)
    yield "a NULL with a long length", info(der(0x30, oid("sha256") + b"\x05\x81\x00"), digest)
    yield "an octet string for the NULL", info(der(0x30, oid("sha256") + b"\x04\x00"), digest)
    yield "an integer for the NULL", info(der(0x30, oid("sha256") + b"\x02\x01\x00"), digest)
    yield "a sequence for the NULL", info(der(0x30, oid("sha256") + b"\x30\x00"), digest)
    yield "garbage behind the NULL", info(der(0x30, oid("sha256") + NULL + b"\x0c\x01x"), digest)
    yield "garbage in front of the identifier", info(der(0x30, NULL + oid("sha256") + NULL), digest)
    yield "no identifier", info(der(0x30, NULL), digest)
    yield "an empty algorithm", info(der(0x30, b""), digest)
    yield "no algorithm", der(0x30, octets)
    yield "no digest", der(0x30, algorithm)
    yield "an empty digest", info(algorithm, b"")
    yield "an empty DigestInfo", der(0x30, b"")
    yield "no DigestInfo, the digest alone", digest
    yield "no DigestInfo, the digest as an octet string", octets
    yield "nothing at all", b""
    yield "the digest twice", der(0x30, algorithm + octets + octets)
    yield "digest and algorithm exchanged", der(0x30, octets + algorithm)
    yield "garbage behind the digest, inside the sequence", der(0x30, algorithm + octets + b"\x05\x00")
    yield "garbage of 64 bytes behind the digest, inside the sequence", der(0x30, algorithm + octets + der(0x04, bytes(64)))
    yield "garbage behind the sequence", info(algorithm, digest) + b"\x05\x00"
    yield "a zero behind the sequence", info(algorithm, digest) + b"\x00"
    yield "the sequence twice", info(algorithm, digest) * 2
    yield "the sequence in a sequence", der(0x30, info(algorithm, digest))
    yield "a digest one byte short", info(algorithm, digest[:-1])
    yield "a digest one byte long", info(algorithm, digest + b"\x00")
    yield "a digest with a zero in front", info(algorithm, b"\x00" + digest)
    yield "a digest cut in half", info(algorithm, digest[:16])
    yield "the digest of the digest", info(algorithm, sha256(digest))
    yield "the digest of an empty message", info(algorithm, sha256(b""))
    yield "a digest of zeros", info(algorithm, bytes(32))
    yield "the digest reversed", info(algorithm, digest[::-1])
    yield "the digest in hexadecimal", info(algorithm, digest.hex().encode())
    yield "the message for its digest", info(algorithm, message[:64])
    for name, value in OID.items():
        if name != "sha256":
            yield f"the identifier of {name}", info(der(0x30, oid(name) + NULL), digest)
    for name in ("md5", "sha1", "sha224", "sha384", "sha512", "sha3_256"):
        yield f"a whole signature with {name}", info(der(0x30, oid(name) + NULL), hashlib.new(name, message).digest())
        yield f"the identifier of sha256 with a digest by {name}", info(algorithm, hashlib.new(name, message).digest())
    identifier = bytes.fromhex(OID["sha256"])
    yield "an identifier with a zero more", info(der(0x30, der(0x06, identifier + b"\x00") + NULL), digest)
    yield "an identifier one byte short", info(der(0x30, der(0x06, identifier[:-1]) + NULL), digest)
    yield "an empty identifier", info(der(0x30, der(0x06, b"") + NULL), digest)
    yield "an identifier with a padded arc", info(der(0x30, der(0x06, b"\x80" + identifier) + NULL), digest)
    yield "an identifier as a relative one", info(der(0x30, der(0x0D, identifier) + NULL), digest)
    yield "an identifier as an octet string", info(der(0x30, der(0x04, identifier) + NULL), digest)
    parts = {
        "the sequence": lambda wrap: wrap(0x30, algorithm + octets),
        "the algorithm": lambda wrap: der(0x30, wrap(0x30, oid("sha256") + NULL) + octets),
        "the identifier": lambda wrap: der(0x30, der(0x30, wrap(0x06, identifier) + NULL) + octets),
        "the digest": lambda wrap: der(0x30, algorithm + wrap(0x04, digest)),
    }
    for name, build in parts.items():
        for count in (1, 2, 4, 8):
            yield f"BER: the length of {name} in {count} octets more", build(
                lambda tag, content: long_form(tag, content, count)
            )
        yield f"BER: {name} of indefinite length", build(indefinite)
        yield f"the length of {name} one too small", build(lambda tag, content: bytes([tag, len(content) - 1]) + content)
        yield f"the length of {name} one too large", build(lambda tag, content: bytes([tag, len(content) + 1]) + content)
        yield f"the length of {name} zero", build(lambda tag, content: bytes([tag, 0]) + content)
        yield f"the length of {name} 2^32 - 1", build(lambda tag, content: bytes([tag, 0x84]) + b"\xff" * 4 + content)
        yield f"the length of {name} 2^64 - 1", build(lambda tag, content: bytes([tag, 0x88]) + b"\xff" * 8 + content)
        yield f"the length of {name} reserved", build(lambda tag, content: bytes([tag, 0xFF]) + content)
        for tag in (0x31, 0x24, 0x05, 0x02, 0x00):
            yield f"the tag of {name} {tag:#04x}", build(lambda _, content, tag=tag: der(tag, content))
    yield "BER: the digest in two pieces", der(0x30, algorithm + der(0x24, der(0x04, digest[:16]) + der(0x04, digest[16:])))
    yield "BER: the digest constructed", der(0x30, algorithm + der(0x24, octets))


def padding_group() -> list:
    """What surrounds the digest (the class of faults behind CVE-2006-4339 and its many returns)."""
    groups = []
    for label, bits in (("main", 2048), ("odd", 2056), ("large", 3072)):
        signer = key(label, bits)
        group = Group(f"PKCS#1 v1.5 padding, {bits} bits", key_set(signer.jwk()))
        message = signing_input()
        good = SHA256_INFO + sha256(message)
        group.block(signer, "good", signer.block(message), valid=True)
        for comment, wrong in digest_infos(message):
            group.block(signer, comment, block_of(signer.size, wrong))
        size = signer.size
        for count in (0, 1, 7, 8, 9, size - len(good) - 4):
            group.block(signer, f"{count} bytes of padding, zeros behind", block_of(size, good, ps=count))
            if count < size - len(good) - 3:
                junk = stream("junk", size)[: size - len(good) - 3 - count]
                group.block(signer, f"{count} bytes of padding, garbage behind", block_of(size, good, ps=count, tail=junk))
        for fill in (0x00, 0x01, 0x7F, 0xFE, 0xEF):
            group.block(signer, f"padded with {fill:#04x}", block_of(size, good, fill=bytes([fill])))
        for head in (b"\x00\x00", b"\x00\x02", b"\x00\x03", b"\x00\xff", b"\x00\x81", b"\x01\x01", b"\x00"):
            group.block(signer, f"beginning with {head.hex()}", block_of(size, good, head=head))
        group.block(signer, "ending its padding with 01", block_of(size, good, end=b"\x01"))
        group.block(signer, "ending its padding with ff", block_of(size, good, end=b"\xff"))
        group.block(signer, "ending its padding twice", block_of(size, good, end=b"\x00\x00"))
        group.block(signer, "without an end of its padding", block_of(size, good, end=b""))
        for index in (2, 3, 9, 10, size - len(good) - 2):
            block = bytearray(signer.block(message))
            for value in (0x00, 0xFE, 0x7F):
                block[index] = value
                group.block(signer, f"byte {index} of the padding {value:#04x}", bytes(block))
        for index in range(size - len(good), size):
            block = bytearray(signer.block(message))
            block[index] ^= 1 << (index % 8)
            group.block(signer, f"a bit of byte {index - size} flipped", bytes(block))
        group.block(signer, "shifted left by a byte", b"\x00" + signer.block(message)[2:] + b"\x00")
        group.block(signer, "shifted right by a byte", b"\x00" + signer.block(message)[:-1])
        group.block(signer, "the number 0", bytes(size))
        group.block(signer, "the number 1", bytes(size - 1) + b"\x01")
        group.block(signer, "padding alone", b"\x00\x01" + b"\xff" * (size - 2))
        group.block(signer, "no padding: the digest as a number", sha256(message).rjust(size, b"\x00"))
        group.block(signer, "padding for encryption", b"\x00\x02" + b"\xaa" * (size - len(good) - 3) + b"\x00" + good)
        groups.append(group)
    return groups


def mgf1(seed: bytes, count: int, name: str) -> bytes:
    mask = b""
    while len(mask) < count:
        mask += hashlib.new(name, seed + (len(mask) // hashlib.new(name).digest_size).to_bytes(4, "big")).digest()
    return mask[:count]


def pss(size: int, bits: int, message: bytes, name: str, salt: bytes, mask: str = None) -> bytes:
    """EMSA-PSS (RFC 8017, section 9.1.1)."""
    digest = hashlib.new(name, bytes(8) + hashlib.new(name, message).digest() + salt).digest()
    length = (bits - 1 + 7) // 8
    data = bytes(length - len(salt) - len(digest) - 2) + b"\x01" + salt
    masked = bytearray(a ^ b for a, b in zip(data, mgf1(digest, len(data), mask or name)))
    masked[0] &= 0xFF >> (8 * length - (bits - 1))
    return (bytes(masked) + digest + b"\xbc").rjust(size, b"\x00")


def scheme_group() -> Group:
    """Good signatures of other schemes, under a true and under a false header."""
    signer = key("main")
    group = Group("other schemes", key_set(signer.jwk()))
    for name in ("sha1", "sha256", "sha384", "sha512"):
        for length in (0, 8, 20, 32, hashlib.new(name).digest_size):
            block = pss(signer.size, 2048, signing_input(), name, stream("salt", length))
            group.block(signer, f"PSS with {name} and a salt of {length} bytes", block)
    group.block(signer, "PSS with sha256, masked by sha1", pss(signer.size, 2048, signing_input(), "sha256", stream("salt", 32), "sha1"))
    for algorithm, name in (("PS256", "sha256"), ("PS384", "sha384"), ("PS512", "sha512")):
        signed = signing_input({"alg": algorithm, "kid": "k"})
        block = pss(signer.size, 2048, signed, name, stream("salt", hashlib.new(name).digest_size))
        group.add(f"{algorithm}, as it says", jws(signed, signer.raw(block)))
    for algorithm, name in (("RS1", "sha1"), ("RS384", "sha384"), ("RS512", "sha512")):
        signed = signing_input({"alg": algorithm, "kid": "k"})
        block = signer.block(signed, info(der(0x30, oid(name) + NULL), hashlib.new(name, signed).digest()))
        group.add(f"{algorithm}, as it says", jws(signed, signer.raw(block)))
    for algorithm in ("RS512", "PS256", "ES256", "HS256", "none", "rs256", "RS256 ", ""):
        signed = signing_input({"alg": algorithm, "kid": "k"})
        group.add(f"RS256 that calls itself '{algorithm}'", jws(signed, signer.sign(signed)))
    for count in (64, 96, 132):
        signed = signing_input({"alg": "ES256", "kid": "k"})
        group.add(f"ES256 with {count} zeros", jws(signed, bytes(count)))
        group.add(f"RS256 with {count} zeros", jws(signing_input(), bytes(count)))
    return group


def length_group() -> Group:
    """The signature as a number and as a string of bytes."""
    signer = key("main")
    group = Group("length and range of the signature", key_set(signer.jwk()))
    signed = signing_input()
    good = signer.sign(signed)
    number = int.from_bytes(good, "big")
    group.signature(signer, "good", good, valid=True)
    for count in (1, 2, 128, 255):
        group.signature(signer, f"cut to {count} bytes", good[:count])
        group.signature(signer, f"the last {count} bytes", good[-count:])
    for count in (1, 2, 8, 256):
        group.signature(signer, f"{count} zeros in front", bytes(count) + good)
        group.signature(signer, f"{count} zeros behind", good + bytes(count))
    group.signature(signer, "empty", b"")
    for times in (1, 2, 3, 255):
        value = number + times * signer.n
        group.signature(signer, f"plus {times} times the modulus", value.to_bytes(max(256, len(integer(value))), "big"))
    for comment, value in (
        ("0", 0), ("1", 1), ("2", 2), ("the modulus", signer.n), ("the modulus less 1", signer.n - 1),
        ("the modulus and 1", signer.n + 1), ("the modulus less itself", signer.n - number), ("2^2048 - 1", (1 << 2048) - 1),
        ("its square", number * number % signer.n), ("its inverse", pow(number, -1, signer.n)),
    ):
        group.signature(signer, comment, value.to_bytes(256, "big"))
    for index in (0, 1, 2, 100, 254, 255):
        changed = bytearray(good)
        changed[index] ^= 0x80
        group.signature(signer, f"a bit of byte {index} flipped", bytes(changed))
    group.signature(signer, "with its bytes reversed", good[::-1])
    group.signature(signer, "of another key", key("other").sign(signed))
    group.signature(signer, "of a larger key", key("large", 3072).sign(signed))
    # A signature that begins with a zero keeps it, and without it is another length.
    for counter in range(100_000):
        payload = text({"counter": counter})
        signed = signing_input(payload=payload)
        signature = signer.sign(signed)
        if signature[0] == 0:
            group.add("good, with a zero in front", jws(signed, signature), valid=True)
            group.add("good, without its zero in front", jws(signed, signature.lstrip(b"\x00")))
            break
    for payload in (b"", b"\x00", b"x", b"\xff" * 3, bytes(range(256)), b"{}"):
        signed = signing_input(payload=payload)
        token = jws(signed, signer.sign(signed))
        group.add(f"good, over {len(payload)} bytes ({payload[:4].hex()})", token, valid=payload != b"")
    for other in (b"", signed[:-1], signed + b".", signed.upper(), signed.split(b".")[0], signed.split(b".")[1]):
        group.add(f"over {len(other)} other bytes", jws(signed, signer.sign(other)))
    return group


def cube_root(number: int) -> int:
    """The integer cube root, rounded up."""
    low, high = 0, 1 << (number.bit_length() // 3 + 2)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if middle**3 >= number else (middle + 1, high)
    return low


def small_exponent_group() -> Group:
    """Forgeries that need no private key where e is 3 and a verifier looks at the front of the block alone."""
    signer = key("three", 2048, 3)
    group = Group("e = 3", key_set(signer.jwk()))
    signed = signing_input()
    good = SHA256_INFO + sha256(signed)
    group.signature(signer, "good", signer.sign(signed), valid=True)
    for count in (0, 1, 8, 16):
        front = b"\x00\x01" + b"\xff" * count + b"\x00" + good
        block = int.from_bytes(front.ljust(signer.size, b"\x00"), "big")
        root = cube_root(block)
        forged = (root**3).to_bytes(signer.size, "big")
        assert forged.startswith(front), "the cube keeps its front"
        group.signature(signer, f"a cube root, {count} bytes of padding", root.to_bytes(signer.size, "big"))
        group.signature(signer, f"a cube root, {count} bytes of padding, without zeros", integer(root))
    # The digest hidden in what BER calls the parameters.
    front = b"\x00\x01\xff\x00" + b"\x30\x81\xf0\x30\x81\xc0" + oid("sha256") + b"\x04\x81\xa0"
    root = cube_root(int.from_bytes(front.ljust(signer.size, b"\x00"), "big"))
    group.signature(signer, "a cube root, garbage in the parameters", root.to_bytes(signer.size, "big"))
    # The end of the block right, its front not: a cube root modulo a power of two.
    tail = int.from_bytes(good, "big") | 1
    root = pow(tail, pow(3, -1, 1 << (8 * len(good) - 2)), 1 << (8 * len(good)))
    group.signature(signer, "a cube root of the end alone", root.to_bytes(signer.size, "big"))
    return group


def encoding_group() -> Group:
    """Spellings of a good token."""
    signer = key("main")
    group = Group("base64url", key_set(signer.jwk()))
    # Lengths that leave unused bits in every last digit.
    header, payload = b'{"alg":"RS256","kid":"k" }', b'{"sub":"user_1"}'
    assert len(header) % 3 and len(payload) % 3
    signed = signing_input(header, payload)
    parts = [*signed.decode().split("."), base64url(signer.sign(signed))]
    names = ("header", "payload", "signature")
    group.add("good", ".".join(parts), valid=True)

    def variant(index: int, comment: str, segment: str):
        group.add(f"the {names[index]} {comment}", ".".join([*parts[:index], segment, *parts[index + 1 :]]))

    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for index, segment in enumerate(parts):
        variant(index, "with padding", segment + "=" * (-len(segment) % 4))
        variant(index, "with a sign of padding", segment + "=")
        variant(index, "with four signs of padding", segment + "====")
        variant(index, "with padding in front", "=" + segment)
        for foreign in ("+", "/", " ", "\t", "\n", "\r\n", "\0", "?", "%3D", ",", ":", "~", "é", "\u200b", "\\"):
            for place in (0, 2, len(segment)):
                variant(index, f"with {foreign!r} at {place}", segment[:place] + foreign + segment[place:])
        value = alphabet.index(segment[-1])
        unused = 16 if len(segment) % 4 == 2 else 4
        for bits in range(1, unused):
            variant(index, f"with unused bits {bits}", segment[:-1] + alphabet[value & -unused | (value + bits) % unused])
        variant(index, "a digit short", segment[:-1])
        variant(index, "with a digit more", segment + "A")
        variant(index, "with two digits more", segment + "AA")
        variant(index, "empty", "")
        variant(index, "in hexadecimal", base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)).hex())
        variant(index, "encoded twice", base64url(segment.encode()))
        variant(index, "with case exchanged", segment.swapcase())
    for comment, token in (
        ("no bytes", ""), ("a dot", "."), ("two dots", ".."), ("three dots", "..."), ("one segment", parts[0]),
        ("two segments", ".".join(parts[:2])), ("four segments", ".".join([*parts, parts[2]])),
        ("five segments", ".".join([*parts, parts[2], parts[2]])), ("a dot in front", "." + ".".join(parts)),
        ("a dot behind", ".".join(parts) + "."), ("commas for dots", ",".join(parts)),
        ("the JSON serialization", text(dict(zip(("protected", "payload", "signature"), parts))).decode()),
    ):
        group.add(comment, token)
    return group


def confusion_group() -> Group:
    """HMAC with public data as the key, and keys inside the token."""
    signer, attacker = key("main"), key("other")
    keys = key_set(signer.jwk())
    group = Group("confusion", keys)
    modulus = integer(signer.n)
    secrets = {
        "PEM": signer.pem(), "PEM without its last line break": signer.pem().rstrip(b"\n"), "DER": signer.der(),
        "the modulus": modulus, "the modulus as base64url": base64url(modulus).encode(), "the key set": keys.encode(),
        "the entry of the key set": text(signer.jwk()), "nothing": b"", "the kid": b"k",
    }
    for name, secret in secrets.items():
        for algorithm, digest in (("HS256", "sha256"), ("HS384", "sha384"), ("HS512", "sha512"), ("RS256", "sha256")):
            signed = signing_input({"alg": algorithm, "kid": "k"})
            group.add(f"{algorithm} with {name} as its secret", jws(signed, hmac.new(secret, signed, digest).digest()))
    n = base64url(integer(attacker.n))
    embedded = {
        "jwk": {"kty": "RSA", "kid": "k", "n": n, "e": "AQAB"}, "jku": "https://evil.invalid/jwks",
        "x5u": "https://evil.invalid/x5u", "x5c": [base64.b64encode(attacker.der()).decode()], "x5t": "AAAA",
    }
    for name, value in embedded.items():
        signed = signing_input({**HEADER, name: value})
        group.add(f"{name} of an attacker, who signed it", jws(signed, attacker.sign(signed)))
        group.add(f"{name} of an attacker, signed by the right key", jws(signed, signer.sign(signed)), valid=True)
    signed = signing_input({"alg": "RS256", "jwk": embedded["jwk"]})
    group.add("a key inside, and no kid", jws(signed, attacker.sign(signed)))
    signed = signing_input({"alg": "RS256", "kid": "x", "jwk": embedded["jwk"]})
    group.add("a key inside, and another kid", jws(signed, attacker.sign(signed)))
    for more in ({"crit": ["exp"]}, {"crit": []}, {"crit": None}, {"b64": False}, {"b64": False, "crit": ["b64"]},
                 {"zip": "DEF"}, {"enc": "A128GCM"}, {"typ": "JOSE"}, {"typ": None}):
        signed = signing_input({**HEADER, **more})
        group.add(f"with {text(more).decode()}", jws(signed, signer.sign(signed)))
    # RFC 7797: the payload as it is, and signed as it is.
    signed = base64url(text({**HEADER, "b64": False, "crit": ["b64"]})).encode() + b"." + b"user_1"
    group.add("a payload that is not encoded", jws(signed, signer.sign(signed)))
    for more in ({"typ": "JWT"}, {"typ": "at+jwt"}, {"cty": "JWT"}, {"constructor": 1}):
        signed = signing_input({**HEADER, **more})
        group.add(f"with {text(more).decode()}", jws(signed, signer.sign(signed)), valid=True)
    for raw in (
        b'{"alg":"none","alg":"RS256","kid":"k"}', b'{"alg":"RS256","\\u0061lg":"none","kid":"k"}',
        b'{"alg":"RS256","kid":"k",}', b'\xef\xbb\xbf{"alg":"RS256","kid":"k"}', b'["RS256","k"]', b"null", b"",
        '{"alg":"RS256","kid":"k"}'.encode("utf-16"), b'{"alg":"RS256","kid":"\xff"}',
    ):
        signed = signing_input(raw)
        group.add(f"a header of {raw!r}", jws(signed, signer.sign(signed)))
    return group


def key_groups() -> list:
    """One token, good under the first key set; then what the key set says about its key."""
    signer, other = key("main"), key("other")
    signed = signing_input()
    good = jws(signed, signer.sign(signed))
    n = base64url(integer(signer.n))
    groups = []

    def group(name: str, keys, valid: bool = False, token: str = good):
        made = Group(f"key set: {name}", keys if isinstance(keys, str) else key_set(*keys))
        made.add(name, token, valid)
        groups.append(made)

    for name, more in (
        ("the key", {}), ("use sig", {"use": "sig"}), ("alg RS256", {"alg": "RS256"}), ("key_ops verify", {"key_ops": ["verify"]}),
        ("key_ops verify and encrypt", {"key_ops": ["encrypt", "verify"]}), ("a certificate", {"x5c": ["AA"], "x5t": "AA"}),
    ):
        group(name, [signer.jwk(**more)], valid=True)
    group("with another", [other.jwk("x"), signer.jwk()], valid=True)
    group("with an elliptic one of its name", [{"kty": "EC", "crv": "P-256", "kid": "k", "x": "AA", "y": "AA"}, signer.jwk()], valid=True)
    group("with one for encryption of its name", [other.jwk(use="enc"), signer.jwk()], valid=True)
    for name, more in (
        ("use enc", {"use": "enc"}), ("use null", {"use": 0}), ("key_ops sign", {"key_ops": ["sign"]}),
        ("key_ops encrypt", {"key_ops": ["encrypt"]}), ("key_ops empty", {"key_ops": []}), ("alg RS512", {"alg": "RS512"}),
        ("alg PS256", {"alg": "PS256"}), ("alg HS256", {"alg": "HS256"}), ("kty oct", {"kty": "oct"}), ("kty rsa", {"kty": "rsa"}),
        ("no kty", {"kty": None}), ("no kid", {"kid": None}), ("another kid", {"kid": "K"}), ("kid with a space", {"kid": "k "}),
        ("kid a number", {"kid": 7}), ("no n", {"n": None}), ("no e", {"e": None}), ("n padded", {"n": n + "=="}),
        ("n with a standard digit", {"n": "+" + n[1:]}), ("n a number", {"n": 7}), ("e a number", {"e": 65537}),
        ("n of another key", {"n": base64url(integer(other.n))}), ("e of another key", {"e": "Aw"}), ("e 1", {"e": "AQ"}),
        ("e even", {"e": "AQAC"}), ("e empty", {"e": ""}), ("e of 65 bits", {"e": base64url(integer((1 << 64) + 1))}),
        ("a private member", {"d": base64url(integer(signer.d))}), ("a private member of another kind", {"qi": "AA"}),
    ):
        group(name, [signer.jwk(**more)])
    group("empty", [])
    group("twice", [signer.jwk(), signer.jwk(use="sig")], valid=True)
    group("twice, and another key of its name", [signer.jwk(), signer.jwk(), other.jwk()])
    group("two keys of its name", [signer.jwk(), other.jwk()])
    group("beside a symmetric key", [signer.jwk(), {"kty": "oct", "kid": "s", "k": "AAAA"}])
    group("beside a private key", [signer.jwk(), other.jwk("x", d=base64url(integer(other.d)))])
    group("51 keys", [signer.jwk()] + [other.jwk(f"x{index}") for index in range(50)])
    group("an array", "[" + text(signer.jwk()).decode() + "]")
    group("the key alone", text(signer.jwk()).decode())
    group("a trailing comma", '{"keys":[' + text(signer.jwk()).decode() + ",]}")
    group("keys twice", '{"keys":[],"keys":[' + text(signer.jwk()).decode() + "]}")
    group("a page", "<html></html>")
    # Whole keys outside the limits, each with a signature that is good under it.
    for label, bits, e in (("short", 1024, 65537), ("nearly", 2040, 65537), ("one", 2047, 65537), ("three", 2048, 3), ("f4", 2048, 17)):
        weak = key(label, bits, e)
        signature = weak.sign(signed)
        assert weak.is_valid(signature, signed)
        group(f"{bits} bits, e = {e}", [weak.jwk()], bits >= 2048, jws(signed, signature))
    # With e = 1 the block is its own signature.
    group("e = 1, forged", [signer.jwk(e="AQ")], False, jws(signed, signer.block(signed)))
    long = int.from_bytes(stream("long", 1025), "big") | 1 << 8199 | 1
    group("8200 bits", [{"kty": "RSA", "kid": "k", "n": base64url(integer(long)), "e": "AQAB"}], False, jws(signed, bytes(1025)))
    return groups


FILES = {
    "padding.json": lambda: padding_group(),
    "schemes.json": lambda: [scheme_group(), length_group(), small_exponent_group()],
    "encodings.json": lambda: [encoding_group()],
    "confusion.json": lambda: [confusion_group(), *key_groups()],
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with the committed files, write nothing")
    check = parser.parse_args().check
    code = 0
    for name, make in FILES.items():
        groups = [group.json() for group in make()]
        made = json.dumps({"groups": groups}, indent=1, ensure_ascii=True) + "\n"
        path = OUTPUT / name
        count = sum(len(group["cases"]) for group in groups)
        valid = sum(case["result"] == "valid" for group in groups for case in group["cases"])
        if not check:
            OUTPUT.mkdir(exist_ok=True)
            path.write_text(made)
        elif not path.exists() or path.read_text() != made:
            print(f"{path} is not what Tests/Vectors/generate.py makes", file=sys.stderr)
            code = 1
        print(f"{name}: {count} cases, {valid} valid")
    return code


if __name__ == "__main__":
    sys.exit(main())
