"""PyPI wechatpayv3 against the sandbox, in public-key and in certificate mode.

Reads {url, merchant} from standard input and prints one JSON object per check.
It verifies answers by itself; a request is signed by it and by nothing of this project.
"""
import gzip
import hashlib
import json
import os
import random
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from wechatpayv3 import WeChatPay, WeChatPayType
from wechatpayv3.core import Core

GIVEN = json.load(sys.stdin)
OWN = GIVEN["merchant"]
FEN = 4650
DIGITS = "0123456789"
WAYS = {"public-key mode": False, "certificate mode": True}
COUNTER = iter(range(1, 100000))
PRINTING = threading.Lock()


def code(digits):
    return "13" + "".join(random.choice(DIGITS) for _ in range(14)) + digits


def number():
    return f"CP{os.getpid()}T{next(COUNTER):05}"


def check(name, work):
    failure = None
    try:
        work()
    except Exception as error:  # whatever a check raises is its failure
        failure = f"{type(error).__name__}: {error}"
    with PRINTING:
        print(json.dumps({"name": name, "failure": failure}, ensure_ascii=False), flush=True)


def same(given, wanted):
    if given != wanted:
        raise AssertionError(f"{given!r}, not {wanted!r}")


def until(what, probe, seconds=30):
    end = time.monotonic() + seconds
    while not probe():
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s in vain for {what}")
        time.sleep(0.5)


def client(is_certificate_mode, folder=None):
    """The gateway's address is fixed in the library; it is replaced before the first call."""
    keys = {} if is_certificate_mode else {"public_key": OWN["public_key_pem"], "public_key_id": OWN["public_key_id"]}
    download = Core._update_certificates

    def from_sandbox(core):
        core._gate_way = GIVEN["url"]
        download(core)

    Core._update_certificates = from_sandbox
    try:
        till = WeChatPay(
            wechatpay_type=WeChatPayType.CODEPAY, mchid=OWN["mchid"], private_key=OWN["merchant_private_key_pem"],
            cert_serial_no=OWN["merchant_serial"], appid=OWN["appid"], apiv3_key=OWN["apiv3_key"],
            notify_url="https://pos.example.cn/wechatpay", cert_dir=folder, timeout=(5, 40), proxy={"http": None, "https": None}, **keys)
    finally:
        Core._update_certificates = download
    till._core._gate_way = GIVEN["url"]
    return till


def charge(till, own_number, digits):
    status, body = till.pay(
        description="门店收款 咖啡", out_trade_no=own_number, amount={"total": FEN, "currency": "CNY"},
        payer={"auth_code": code(digits)}, scene_info={"store_info": {"out_id": "till-1"}}, pay_type=WeChatPayType.CODEPAY)
    return status, json.loads(body)


def state(till, own_number):
    status, body = till.query(out_trade_no=own_number)
    found = json.loads(body)
    return found["trade_state"] if status == 200 else found["code"]


def refund_status(till, refund_number):
    status, body = till.query_refund(refund_number)
    found = json.loads(body)
    return found["status"] if status == 200 else found["code"]


def trade_checks(way, till):
    def pays():
        own_number = number()
        status, paid = charge(till, own_number, "00")
        same((status, paid["trade_state"], paid["amount"]["total"]), (200, "SUCCESS", FEN))
        same(state(till, own_number), "SUCCESS")

    def types_password():
        own_number = number()
        same(charge(till, own_number, "01")[0], 202)
        same(state(till, own_number), "USERPAYING")
        until("SUCCESS", lambda: state(till, own_number) == "SUCCESS")

    def is_refused():
        for digits, wanted in (("03", (403, "NOT_ENOUGH")), ("04", (403, "AUTH_CODE_EXPIRE"))):
            own_number = number()
            status, refused = charge(till, own_number, digits)
            same((status, refused["code"]), wanted)
            same(state(till, own_number), "ORDER_NOT_EXIST")

    def refunds():
        own_number = number()
        refund_number = own_number + "R1"
        same(charge(till, own_number, "00")[0], 200)
        for _ in range(2):
            status, body = till.refund(
                out_refund_no=refund_number, out_trade_no=own_number, reason="商品退货",
                amount={"refund": 1000, "total": FEN, "currency": "CNY"})
            same((status, json.loads(body)["out_refund_no"]), (200, refund_number))
        until("SUCCESS", lambda: refund_status(till, refund_number) == "SUCCESS")
        same(state(till, own_number), "REFUND")
        same(refund_status(till, own_number + "R2"), "RESOURCE_NOT_EXISTS")

    def shows_qr():
        own_number = number()
        status, body = till.pay(
            description="门店收款", out_trade_no=own_number, amount={"total": FEN, "currency": "CNY"}, pay_type=WeChatPayType.NATIVE)
        same((status, json.loads(body)["code_url"][:6]), (200, "weixin"))
        same(state(till, own_number), "NOTPAY")
        same([till.close(own_number)[0] for _ in range(2)], [204, 204])
        same(state(till, own_number), "CLOSED")

    def reverses():
        own_number = number()
        same(charge(till, own_number, "00")[0], 200)
        status, body = till.codepay_reverse(own_number)
        same((status, json.loads(body)["code"]), (400, "INVALID_REQUEST"))
        time.sleep(15.5)
        status, body = till.codepay_reverse(own_number)
        same((status, json.loads(body)["out_trade_no"]), (200, own_number))
        same(state(till, own_number), "REVOKED")

    works = (
        ("codepay and query", pays), ("codepay with a password", types_password), ("codepay refused", is_refused),
        ("refund, twice under one number, and refund query", refunds), ("native and close", shows_qr),
        ("reverse, refused before 15 seconds", reverses))
    return [(f"{name}, {way}", work) for name, work in works]


def trade():
    tills = {"public-key mode": client(False)}
    with tempfile.TemporaryDirectory() as folder:
        def downloads():
            tills["certificate mode"] = client(True, folder)
            same(os.listdir(folder), [OWN["platform_certificate_serial"] + ".pem"])
            with open(os.path.join(folder, os.listdir(folder)[0]), encoding="utf-8") as file:
                same(file.read(), OWN["platform_certificate_pem"])

        check("the platform certificate is downloaded and opened", downloads)
    works = [work for way, till in tills.items() for work in trade_checks(way, till)]
    # The customers wait, the suite does not.
    with ThreadPoolExecutor(len(works)) as pool:
        list(pool.map(lambda work: check(*work), works))


def forged():
    """The sandbox spoils every signature while this runs: nothing may be believed."""
    for way, is_certificate_mode in WAYS.items():
        def refuses():
            till = client(is_certificate_mode)
            try:
                status, _ = charge(till, number(), "00")
            except Exception as error:
                same(str(error), "failed to verify the signature")
            else:
                raise AssertionError(f"a forged answer was believed: {status}")

        check(f"wechatpayv3 refuses a wrong signature, {way}", refuses)


def bills():
    """The bills of a day that has ended, by their digest."""
    till = client(False)

    def fetched(status, body):
        same(status, 200)
        offer = json.loads(body)
        status, content = till.download_bill(offer["download_url"])
        same(status, 200)
        plain = gzip.decompress(content)
        same(hashlib.sha1(plain).hexdigest(), offer["hash_value"])
        return plain.decode("utf-8-sig")

    def lists(bill_type, wanted):
        text = fetched(*till.trade_bill(GIVEN["day"], bill_type))
        same(f"`{GIVEN['number']}," in text, wanted)

    def flows():
        text = fetched(*till.fundflow_bill(GIVEN["day"]))
        income = [line for line in text.splitlines() if ",`收入," in line]
        same([",`46.50," in line for line in income], [True])

    def is_absent():
        status, body = till.trade_bill(GIVEN["day"], "REFUND")
        same((status, json.loads(body)["code"]), (400, "NO_STATEMENT_EXIST"))

    def rotated():
        with tempfile.TemporaryDirectory() as folder:
            certified = client(True, folder)
            wanted = {serial + ".pem" for serial in (GIVEN["serial"], OWN["platform_certificate_serial"])}
            same(set(os.listdir(folder)), wanted)
            same(charge(certified, number(), "00")[0], 200)

    check("wechatpayv3: both platform certificates after a rotation, the new one signs", rotated)
    check("wechatpayv3: trade_bill ALL and download_bill", lambda: lists("ALL", True))
    check("wechatpayv3: trade_bill SUCCESS and download_bill", lambda: lists("SUCCESS", True))
    check("wechatpayv3: trade_bill REFUND of a day without refunds", is_absent)
    check("wechatpayv3: fundflow_bill and download_bill", flows)


{"trade": trade, "bills": bills, "forged": forged}[sys.argv[1]]()
