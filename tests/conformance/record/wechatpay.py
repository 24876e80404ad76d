"""One call of PyPI wechatpayv3 in public-key mode: `wechatpay.py reverse|refund-query URL`."""
import json
import os
import sys

from wechatpayv3 import WeChatPay, WeChatPayType

call, url = sys.argv[1:]
keys = json.loads(os.environ["PAYDESK_TEST_KEYS"])
till = WeChatPay(
    wechatpay_type=WeChatPayType.CODEPAY, mchid=keys["mchid"], private_key=keys["merchant_private_pkcs8_pem"],
    cert_serial_no=keys["merchant_serial"], appid=keys["appid"], apiv3_key=keys["apiv3_key"],
    public_key=keys["platform_public_pem"], public_key_id=keys["public_key_id"], proxy={"http": None, "https": None})
till._core._gate_way = url
status, body = till.codepay_reverse("POS-0009") if call == "reverse" else till.query_refund("POS-0009R1")
if status != 200 or json.loads(body)["out_trade_no"] != "POS-0009":
    raise SystemExit(f"{status} {body}")
