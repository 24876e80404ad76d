"""Makes unionpay_requests.json: UnionPay requests signed by Python's cryptography, a key of this run and no other."""

import base64
import hashlib
import json
import pathlib
import urllib.parse

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

COMMON = {
    "version": "5.1.0",
    "encoding": "UTF-8",
    "signMethod": "01",
    "accessType": "0",
    "merId": "898000000000001",
    "certId": "40000000001",
    "bizType": "000000",
}
MONEY = {"channelType": "08", "currencyCode": "156", "backUrl": "http://127.0.0.1:8080/n?a=1"}
REQUESTS = {
    "code shown by the till": {
        "txnType": "01", "txnSubType": "07", "orderId": "SHOP20261121000001",
        "txnTime": "20261121101530", "txnAmt": "1999", "termId": "00000001",
        "payTimeout": "20261121103030", **MONEY,
    },
    "code of the payer": {
        "txnType": "01", "txnSubType": "06", "orderId": "SHOP20261121000002",
        "txnTime": "20261121101531", "txnAmt": "1", "termId": "00000001",
        "qrNo": "6220485073630469936", **MONEY,
    },
    "refund": {
        "txnType": "04", "txnSubType": "00", "orderId": "SHOP20261121R00001",
        "txnTime": "20261121102000", "txnAmt": "500", "origQryId": "512611211015306740288", **MONEY,
    },
    "undo": {
        "txnType": "31", "txnSubType": "00", "orderId": "SHOP20261121U00001",
        "txnTime": "20261121102100", "txnAmt": "1999", "origQryId": "512611211015306740288", **MONEY,
    },
    "query": {
        "txnType": "00", "txnSubType": "00", "orderId": "SHOP20261121000001",
        "txnTime": "20261121101530",
    },
    "file": {
        "txnType": "76", "txnSubType": "01", "settleDate": "1120", "txnTime": "20261121101530",
        "fileType": "00",
    },
    "blank, plus, Chinese and an empty field": {
        "txnType": "01", "txnSubType": "07", "orderId": "SHOP20261121000003",
        "txnTime": "20261121101532", "txnAmt": "1", "termId": "", **MONEY,
        "reqReserved": "门店1|收银员 乙|a+b",
    },
}


def main():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    spki = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    vectors = []
    for name, own in REQUESTS.items():
        fields = {**COMMON, **own}
        text = "&".join(f"{k}={fields[k]}" for k in sorted(fields) if fields[k])
        digest = hashlib.sha256(text.encode()).hexdigest()
        signature = key.sign(digest.encode(), padding.PKCS1v15(), hashes.SHA256())
        form = {**fields, "signature": base64.b64encode(signature).decode()}
        vectors.append({
            "id": name,
            "path": {"query": "/gateway/api/queryTrans.do", "file": "/"}.get(
                name, "/gateway/api/backTransReq.do"
            ),
            "string_to_sign": text,
            "sha256_hex": digest,
            "body": urllib.parse.urlencode(form),
        })
    file = {"public_spki_b64": base64.b64encode(spki).decode(), "vectors": vectors}
    place = pathlib.Path(__file__).with_name("unionpay_requests.json")
    place.write_text(json.dumps(file, ensure_ascii=False, indent=1) + "\n")


main()
