"""Prints new test keys and certificates of both channels as JSON, in the form of the recorded vectors."""
import base64
import datetime
import hashlib
import json
import secrets

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

PEM, DER = serialization.Encoding.PEM, serialization.Encoding.DER
PKCS8, PKCS1 = serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL
SPKI = serialization.PublicFormat.SubjectPublicKeyInfo
PLAIN = serialization.NoEncryption()
START, END = datetime.datetime(2024, 1, 1), datetime.datetime(2044, 1, 1)
NOTE = "test keys, generated for these vectors only; never use them elsewhere"


def key():
    return rsa.generate_private_key(65537, 2048)


def b64(data):
    return base64.b64encode(data).decode()


def name(unit, common):
    parts = [(NameOID.COUNTRY_NAME, "CN"), (NameOID.ORGANIZATION_NAME, "Paydesk Test"),
             (NameOID.ORGANIZATIONAL_UNIT_NAME, unit), (NameOID.COMMON_NAME, common)]
    return x509.Name([x509.NameAttribute(oid, text) for oid, text in parts])


def certificate(subject, subject_key, issuer, issuer_key, serial, is_authority):
    builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer)
               .public_key(subject_key.public_key()).serial_number(serial)
               .not_valid_before(START).not_valid_after(END)
               .add_extension(x509.BasicConstraints(is_authority, None), critical=True))
    return builder.sign(issuer_key, hashes.SHA256())


def pem(issued):
    return issued.public_bytes(PEM).decode()


def private_pem(private):
    return private.private_bytes(PEM, PKCS8, PLAIN).decode()


def alipay_serial(issued):
    # x509 prints most specific first, which is the order that Alipay hashes.
    issuer = ",".join(f"{part.rfc4514_attribute_name}={part.value}" for part in reversed(list(issued.issuer)))
    return hashlib.md5(f"{issuer}{issued.serial_number}".encode()).hexdigest()


def alipay():
    root_key, second_key, authority_key, app, gateway = key(), key(), key(), key(), key()
    curve = ec.generate_private_key(ec.SECP256R1())
    root, second, other = name("Root", "Test Root R1"), name("Root", "Test Root R2"), name("Root", "Test Root E1")
    authority = name("Certification Authority", "Test CA Class 1")
    roots = [certificate(root, root_key, root, root_key, 0x1001, True),
             certificate(other, curve, other, curve, 0x1002, True),
             certificate(second, second_key, second, second_key, 0x1003, True)]
    between = certificate(authority, authority_key, root, root_key, 0x2001, True)
    app_certificate = certificate(name("商户", "2021000000000009"), app, authority, authority_key, 0x30030003000300030003000300030009, False)
    gateway_certificate = certificate(name("Gateway", "gateway"), gateway, authority, authority_key, 0x4400440044004400440044004409, False)
    keys = {
        "note": NOTE,
        "app_private_pkcs1_b64": b64(app.private_bytes(DER, PKCS1, PLAIN)),
        "app_private_pkcs8_b64": b64(app.private_bytes(DER, PKCS8, PLAIN)),
        "app_public_spki_b64": b64(app.public_key().public_bytes(DER, SPKI)),
        "alipay_gateway_private_pkcs8_b64": b64(gateway.private_bytes(DER, PKCS8, PLAIN)),
        "alipay_gateway_public_spki_b64": b64(gateway.public_key().public_bytes(DER, SPKI)),
        "app_cert_pem": pem(app_certificate),
        "alipay_gateway_cert_pem": pem(gateway_certificate) + pem(between),
        "alipay_root_bundle_pem": "".join(pem(root) for root in roots),
    }
    numbers = {
        "app_cert_sn": alipay_serial(app_certificate),
        "alipay_cert_sn": alipay_serial(gateway_certificate),
        "alipay_root_cert_sn": "_".join(alipay_serial(root) for root in (roots[0], roots[2])),
    }
    return keys, numbers


def wechatpay():
    merchant, platform, root_key = key(), key(), key()
    root = name("Root", "Test Tenpay Root")
    merchant_serial, platform_serial = 0x0A1B2C3D4E5F60718293A4B5C6D7E8F901020309, 0x5F00FF00112233445566778899AABBCCDDEEFF09
    return {
        "note": NOTE,
        "mchid": "1900000009",
        "appid": "wx0000000000000009",
        "merchant_private_pkcs8_pem": private_pem(merchant),
        "merchant_cert_pem": pem(certificate(name("Merchant", "1900000009"), merchant, root, root_key, merchant_serial, False)),
        "merchant_serial": f"{merchant_serial:040X}",
        "platform_private_pkcs8_pem": private_pem(platform),
        "platform_public_pem": platform.public_key().public_bytes(PEM, SPKI).decode(),
        "platform_cert_pem": pem(certificate(name("Platform", "Test Tenpay sign"), platform, root, root_key, platform_serial, False)),
        "platform_serial": f"{platform_serial:040X}",
        "public_key_id": "PUB_KEY_ID_0119000000092026112100000000000001",
        "apiv3_key": secrets.token_hex(16),
    }


keys, numbers = alipay()
print(json.dumps({"alipay": {"keys": keys, "cert_sns": numbers}, "wechatpay": {"keys": wechatpay()}}))
