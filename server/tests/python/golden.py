"""golden.py PAGE: reads lines `name: hex` of frames, and writes the same lines with the frames read and written again.

Then writes frames that were made from nothing but their fields.
"""

import sys

from codec import Types

with open(sys.argv[1], encoding="utf-8") as page:
    types = Types(page.read())

for line in sys.stdin:
    name, text = line.strip().split(": ")
    frame, length = types.unframe(bytes.fromhex(text))
    kind, value = frame["kind"], frame["value"]
    again = types.frame(kind, value, frame["durability"], frame["correlation"], frame["time"])
    print(f"{name}: {again.hex()}")

CORRELATION = 0x0102030405060708


def command(body):
    return ("Command", {"key": None, "occurred": None, "command": body})


hello = {"version": 1, "oldest": 1, "features": 1, "token": "stk_secret", "client": "storefront 0.1"}
made = {
    "hello": types.frame(1, hello, 0, CORRELATION, 0),
    "version": types.frame(2, ("Refused", ("Version", {"oldest": 1, "newest": 2})), 0, CORRELATION, 0),
    "pay_without_a_key": types.frame(
        3,
        command(("Pay", {"order": ("Number", {"channel": "web", "number": "1001"}), "payment": None, "amount": None})),
    ),
    "two_pings": types.frame(5, ["Ping", "Ping"]),
}
for name, frame in made.items():
    print(f"made {name}: {frame.hex()}")
