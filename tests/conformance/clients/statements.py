"""Bank statements read once more by strangers: MT940 by mt-940, OFX by ofxtools, and camt by Python's own XML parser
along the paths of ISO 20022. Each movement of each sample is held against the product's: order, day, signed amount,
currency, and the bank's reference where both name one.

Reads {"program": …, "samples": …} from its input and prints one check as a JSON object per line.
"""

import json
import pathlib
import subprocess
import sys
import warnings
from datetime import date
from decimal import Decimal
from xml.etree import ElementTree

import mt940
from ofxtools.Parser import OFXTree

# What is refused here although the other reader takes movements from it: the refusal, word by word. Each is a fault of
# the file: a currency that is no more, and a second statement without its number.
REFUSED_HERE = {
    "mt940/cmxl-mt940.sta": "line 4: :60F:: `DEM` is not a currency of ISO 4217",
    "mt940/self-multiline.sta": "line 38: :20:: missing",
}

# What the other reader refuses and we read: ofxtools wants each header on a line of its own.
READ_HERE_ONLY = {"ofx/ofx-v102-empty-tags.ofx": "OFXHeaderError"}


def report(name, failure=None):
    print(json.dumps({"name": name, "failure": failure}), flush=True)


def text_of(path):
    raw = path.read_bytes()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Which reads every byte.
        return raw.decode("iso-8859-1")


def of_mt940(path):
    read = []
    for movement in mt940.parse(text_of(path)):
        data = movement.data
        booked = data.get("entry_date") or data["date"]
        amount = data["amount"]
        read.append(
            (
                date(booked.year, booked.month, booked.day),
                Decimal(amount.amount),
                amount.currency,
                data.get("bank_reference") or "",
            )
        )
    return read


def of_ofx(path):
    tree = OFXTree()
    with open(path, "rb") as file:
        tree.parse(file)
    read = []
    for statement in tree.iter():
        if statement.tag not in ("STMTRS", "CCSTMTRS"):
            continue
        currency = statement.findtext("CURDEF")
        for movement in statement.iter("STMTTRN"):
            day = movement.findtext("DTPOSTED")
            read.append(
                (
                    date(int(day[0:4]), int(day[4:6]), int(day[6:8])),
                    Decimal(movement.findtext("TRNAMT").replace(",", ".")),
                    currency,
                    movement.findtext("FITID") or "",
                )
            )
    return read


def of_camt(path):
    root = ElementTree.fromstring(path.read_bytes())
    space = root.tag[: root.tag.index("}") + 1]
    at = lambda *names: "/".join(space + name for name in names)
    read = []
    for entry in root.iter(space + "Ntry"):
        status = entry.find(at("Sts"))
        code = status.findtext(at("Cd")) or (status.text or "").strip()
        if code != "BOOK":
            continue
        amount = entry.find(at("Amt"))
        sign = 1 if entry.findtext(at("CdtDbtInd")) == "CRDT" else -1
        booked = entry.findtext(at("BookgDt", "Dt")) or entry.findtext(at("BookgDt", "DtTm"))
        read.append(
            (
                date.fromisoformat(booked[:10]),
                sign * Decimal(amount.text),
                amount.get("Ccy"),
                entry.findtext(at("AcctSvcrRef")) or "",
            )
        )
    return read


def decimal(money, digits={"JPY": 0, "KRW": 0}):
    return Decimal(int(money["minor"])).scaleb(-digits.get(money["currency"], 2))


def of_ours(said):
    read = []
    for statement in said["statements"]:
        for line in statement["lines"]:
            amount = line["amount"]
            read.append(
                (
                    date.fromisoformat(line["booked"]),
                    decimal(amount),
                    amount["currency"],
                    line["bank_reference"],
                )
            )
    return read


def differences(ours, theirs):
    if len(ours) != len(theirs):
        return f"{len(ours)} movements here, {len(theirs)} there"
    for place, (here, there) in enumerate(zip(ours, theirs), 1):
        if here[:3] != there[:3]:
            return f"movement {place}: {here[:3]} here, {there[:3]} there"
        if here[3] and there[3] and here[3] != there[3]:
            return f"movement {place}: reference {here[3]!r} here, {there[3]!r} there"
    return None


def main():
    warnings.simplefilter("ignore")
    asked = json.load(sys.stdin)
    samples = pathlib.Path(asked["samples"])
    compared = 0
    for folder, ending, reader in (
        ("mt940", "*.sta", of_mt940),
        ("ofx", "*.ofx", of_ofx),
        ("camt", "*.xml", of_camt),
    ):
        files = sorted((samples / folder).glob(ending))
        printed = subprocess.run(
            [asked["program"], *map(str, files)], check=True, capture_output=True, text=True
        ).stdout
        for path, line in zip(files, printed.splitlines(), strict=True):
            said = json.loads(line)
            name = f"{folder}/{path.name}"
            try:
                theirs = reader(path)
            except Exception as error:  # noqa: BLE001 what a stranger does not read is said, not hidden
                if "refused" in said:
                    report(f"{name}: both refuse it ({said['refused']})")
                else:
                    known = READ_HERE_ONLY.get(name) == type(error).__name__
                    report(f"{name}: read here only ({type(error).__name__})", None if known else str(error))
                continue
            if "refused" in said:
                known = not theirs or REFUSED_HERE.get(name) == said["refused"]
                failure = None if known else f"refused: {said['refused']}"
                report(f"{name}: refused here, {len(theirs)} movements there", failure)
                continue
            report(f"{name}: {len(theirs)} movements alike", differences(of_ours(said), theirs))
            compared += len(theirs)
    report(f"{compared} movements were compared", None if compared >= 50 else "too few to say anything")


main()
