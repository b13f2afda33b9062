"""A second reader and writer of protected files, written from docs/envelope-format.md alone, on other primitives than the engine's.

envelope.py open <file> <way>   way: passphrase, recovery (PEM) or data-key; that comes from standard input, the plaintext goes to standard output
envelope.py vector              makes the worked example of the document as JSON
"""
import base64, hashlib, hmac, json, struct, sys

from cryptography.hazmat.primitives import hashes, hpke, serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MAGIC = bytes.fromhex("8B4B4D530D0A1A0A")
ALGORITHM = b"AES-256-GCM-STREAM"
SUITE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)


def label(word, *bound):
    return b"\0".join([b"RustFs.Kms envelope v1 " + word.encode(), *bound])


def hkdf(key, salt, info, length):
    return HKDF(hashes.SHA256(), length, salt, info).derive(key)


def lp(value):
    value = value.encode() if isinstance(value, str) else value
    return struct.pack(">I", len(value)) + value


def header_mac(file_key, salt, authenticated):
    return hmac.digest(hkdf(file_key, salt, label("header"), 32), authenticated, "sha256")


def payload_keys(file_key, salt, chunk_size):
    suite = ALGORITHM + b"\0" + struct.pack(">I", chunk_size)
    return hkdf(file_key, salt, label("payload", suite), 32), hkdf(file_key, salt, label("nonce", suite), 7)


def public_fields(wrap):
    kind = wrap["type"]
    if kind == "kms":
        context = sorted(wrap["context"].items(), key=lambda entry: entry[0].encode())
        return (lp(kind) + lp(wrap["backend"]) + lp(wrap["key_id"]) + lp(base64.b64decode(wrap["ciphertext"]))
                + struct.pack(">I", len(context)) + b"".join(lp(name) + lp(value) for name, value in context) + lp(wrap["hint"]))
    if kind == "passphrase":
        return (lp(kind) + lp(wrap["kdf"]) + struct.pack(">IIII", wrap["version"], wrap["memory_kib"], wrap["iterations"], wrap["lanes"])
                + lp(base64.b64decode(wrap["salt"])))
    return lp(kind) + lp(wrap["recipient"])


def argon2id(passphrase, wrap):
    return Argon2id(salt=base64.b64decode(wrap["salt"]), length=32, iterations=wrap["iterations"], lanes=wrap["lanes"],
                    memory_cost=wrap["memory_kib"]).derive(passphrase)


def wrapping_cipher(kek, salt, kind):
    return AESGCM(hkdf(kek, salt, label("wrap", kind.encode()), 32))


def hpke_info(salt, wrap):
    return label("wrap", b"hpke-x25519", salt + public_fields(wrap))


def file_key_of(wrap, salt, way, secret):
    wrapped = base64.b64decode(wrap["wrapped_key"])
    if way == "recovery":
        return SUITE.decrypt(base64.b64decode(wrap["encapsulated_key"]) + wrapped, secret, hpke_info(salt, wrap))
    kek = argon2id(secret, wrap) if way == "passphrase" else secret
    return wrapping_cipher(kek, salt, wrap["type"]).decrypt(bytes(12), wrapped, public_fields(wrap))


def open_envelope(content, way, secret):
    assert content[:8] == MAGIC and struct.unpack(">HH", content[8:12]) == (1, 0)
    length, = struct.unpack(">I", content[12:16])
    authenticated, mac, payload = content[:16 + length], content[16 + length:48 + length], content[48 + length:]
    header = json.loads(authenticated[16:])
    salt, chunk_size = base64.b64decode(header["salt"]), header["chunk_size"]
    kind = {"passphrase": "passphrase", "recovery": "hpke-x25519", "data-key": "kms"}[way]
    wrap = next(wrap for wrap in header["wraps"] if wrap["type"] == kind)
    file_key = file_key_of(wrap, salt, way, secret)
    assert hmac.compare_digest(mac, header_mac(file_key, salt, authenticated))
    key, prefix = payload_keys(file_key, salt, chunk_size)
    cipher, sealed = AESGCM(key), chunk_size + 16
    chunks = [payload[at:at + sealed] for at in range(0, len(payload), sealed)]
    return b"".join(cipher.decrypt(prefix + struct.pack(">I", number) + bytes([number == len(chunks) - 1]), chunk, None)
                    for number, chunk in enumerate(chunks))


def make_vector():
    def text(value):
        return base64.b64encode(value).decode()

    file_key, salt, data_key = bytes(range(32)), bytes(range(32, 64)), bytes(range(64, 96))
    private = X25519PrivateKey.from_private_bytes(bytes(range(96, 128)))
    public = private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    passphrase, plaintext, chunk_size = "correct horse, \U0001F511 battery", b"Never lose a key, never show one.\n", 4096
    kms = {"type": "kms", "backend": "local", "key_id": "app", "ciphertext": text(b"an opaque blob of the KMS"),
           "context": {"bucket": "photos", "b\u00fcro": "1"}, "hint": "local key store"}
    kms["wrapped_key"] = text(wrapping_cipher(data_key, salt, "kms").encrypt(bytes(12), file_key, public_fields(kms)))
    word = {"type": "passphrase", "kdf": "argon2id", "version": 19, "memory_kib": 64, "iterations": 3, "lanes": 4, "salt": text(bytes(range(128, 144)))}
    word["wrapped_key"] = text(wrapping_cipher(argon2id(passphrase.encode(), word), salt, "passphrase").encrypt(bytes(12), file_key, public_fields(word)))
    recovery = {"type": "hpke-x25519", "recipient": hashlib.sha256(public).hexdigest()[:32]}
    sealed = SUITE.encrypt(file_key, private.public_key(), hpke_info(salt, recovery))
    recovery |= {"encapsulated_key": text(sealed[:32]), "wrapped_key": text(sealed[32:])}
    header = json.dumps({"algorithm": ALGORITHM.decode(), "chunk_size": chunk_size, "salt": text(salt), "wraps": [kms, word, recovery]},
                        ensure_ascii=False, separators=(",", ":")).encode()
    authenticated = MAGIC + struct.pack(">HHI", 1, 0, len(header)) + header
    mac, (key, prefix) = header_mac(file_key, salt, authenticated), payload_keys(file_key, salt, chunk_size)
    payload = AESGCM(key).encrypt(prefix + bytes(4) + b"\1", plaintext, None)
    return {
        "_about": "The worked example of docs/envelope-format.md, made by envelope.py.",
        "file_key": file_key.hex(), "salt": salt.hex(), "data_key": data_key.hex(), "recovery_private_key": bytes(range(96, 128)).hex(),
        "recovery_public_key": public.hex(), "passphrase": passphrase, "passphrase_kek": argon2id(passphrase.encode(), word).hex(),
        "kms_public_fields": public_fields(kms).hex(), "passphrase_public_fields": public_fields(word).hex(),
        "recovery_public_fields": public_fields(recovery).hex(), "header": header.decode(), "header_mac": mac.hex(),
        "payload_key": key.hex(), "nonce_prefix": prefix.hex(), "plaintext": plaintext.hex(), "payload": payload.hex(),
        "file": (authenticated + mac + payload).hex(),
    }


if __name__ == "__main__":
    if sys.argv[1] == "vector":
        print(json.dumps(make_vector(), indent=2, ensure_ascii=False))
    else:
        _, _, path, way = sys.argv
        secret = sys.stdin.buffer.read()
        if way == "recovery":
            secret = serialization.load_pem_private_key(secret, None)
        with open(path, "rb") as file:
            sys.stdout.buffer.write(open_envelope(file.read(), way, secret))
