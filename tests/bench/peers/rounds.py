"""Starts programs in turn, round after round, and measures each: CPU seconds of its whole tree, wall, peak memory.

Asked on standard input as JSON: `{"rounds": N, "programs": [{"name", "command", "out"}]}`; answers with one line of JSON.
What each said is digested outside of its time, so that all can be held against each other.
"""

import hashlib
import json
import os
import sys
import time


def run(command):
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 1)
            if "PAYDESK_BENCH_QUIET" in os.environ:
                os.dup2(nowhere.fileno(), 2)
        try:
            os.execvp(command[0], command)
        except OSError:
            os._exit(127)
    _, status, used = os.wait4(child, 0)
    wall = time.monotonic() - began
    return {
        "exit": os.waitstatus_to_exitcode(status),
        "cpu": used.ru_utime + used.ru_stime,
        "wall": wall,
        "peak_mib": used.ru_maxrss / 1024,
    }


def said(out):
    if not out or not os.path.exists(out):
        return None
    with open(out, "rb") as file:
        lines = sorted(line.strip().replace(b'"', b"") for line in file if line.strip())
    with open(out + ".json", encoding="utf-8") as file:
        totals = json.load(file)
    digest = hashlib.sha256(b"\n".join(lines)).hexdigest()
    return {"lines": len(lines), "sha256": digest, "totals": totals}


asked = json.load(sys.stdin)
measured = {program["name"]: {"runs": [], "said": None} for program in asked["programs"]}
for _ in range(asked["rounds"]):
    for program in asked["programs"]:
        for name in (program["out"], program["out"] + ".json") if program["out"] else ():
            if os.path.exists(name):
                os.unlink(name)
        entry = measured[program["name"]]
        entry["runs"].append(run(program["command"]))
        entry["said"] = said(program["out"])
print(json.dumps(measured))
