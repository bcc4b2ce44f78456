"""client.py PAGE HOST PORT FINGERPRINT TOKEN: sells something over QUIC, and prints what it was answered as JSON.

Written from the pages "The wire" and "Messages, field by field" of the book alone. Needs aioquic.
"""

import asyncio
import json
import ssl
import sys

from aioquic.asyncio.client import connect
from aioquic.quic.configuration import QuicConfiguration
from cryptography.hazmat.primitives import hashes

from codec import Types


class Lane:
    """A bidirectional stream of requests and answers."""

    def __init__(self, types, reader, writer):
        self.types, self.reader, self.writer = types, reader, writer
        self.data, self.sent = bytearray(), 0

    def send(self, kind, value, **header):
        self.sent += 1
        self.writer.write(self.types.frame(kind, value, correlation=self.sent, **header))
        return self.sent

    async def hear(self):
        while True:
            found = self.types.unframe(self.data)
            if found is not None:
                frame, length = found
                del self.data[:length]
                return frame
            more = await self.reader.read(65536)
            if not more:
                raise EOFError("the stream ended")
            self.data.extend(more)

    async def ask(self, value):
        number = self.send(3, value, durability=1)
        answer = await self.hear()
        assert answer["correlation"] == number and answer["kind"] == 4, answer
        return answer


def command(body, key=None):
    return ("Command", {"key": key, "occurred": None, "command": body})


async def main(page, host, port, fingerprint, token):
    with open(page, encoding="utf-8") as text:
        types = Types(text.read())
    config = QuicConfiguration(is_client=True, alpn_protocols=["stockade/2"], verify_mode=ssl.CERT_NONE)
    config.server_name = "localhost"
    async with connect(host, int(port), configuration=config) as connection:
        certificate = connection._quic.tls._peer_certificate
        assert certificate.fingerprint(hashes.SHA256()).hex() == fingerprint, "another certificate"
        lane = Lane(types, *await connection.create_stream())
        hello = {"version": 2, "oldest": 2, "features": 1, "token": token, "client": "python"}
        lane.send(1, hello)
        welcome = await lane.hear()
        assert welcome["kind"] == 2 and welcome["value"][0] == "Welcome", welcome
        place = {
            "channel": "web", "number": "py/1", "zone": None, "customer": "上海-7", "carrier": None,
            "ship_complete": False, "max_parcels": None, "hold": 600_000_000,
            "lines": [{"sku": "TEE", "units": 2}, {"sku": "MUG", "units": 300}],
        }
        few = {**place, "lines": [{"sku": "TEE", "units": 2}]}
        order = ("Number", {"channel": "web", "number": "py/1"})
        said = {"welcome": welcome["value"][1]["server"]}
        said["refused"] = (await lane.ask(command(("Place", place))))["value"]
        placed = await lane.ask(command(("Place", few)))
        said["placed"], said["level"] = placed["value"], placed["durability"]
        said["paid"] = (await lane.ask(command(("Pay", {"order": order, "payment": None, "amount": None}), "py-pay")))["value"]
        said["order"] = (await lane.ask(("Query", {"query": ("Order", order), "provisional": False})))["value"]
        # A lane of its own, whose batch is answered by a batch.
        second = Lane(types, *await connection.create_stream())
        stock = {"skus": ["TEE"], "warehouse": None, "after": None, "limit": 10}
        asked = [("Query", {"query": ("Stock", stock), "provisional": True}), command(("Place", few))]
        second.send(5, asked, durability=1)
        batch = await second.hear()
        assert batch["kind"] == 6, batch
        said["batch"] = batch["value"]
        said["ping"] = (await second.ask("Ping"))["value"]
    print(json.dumps(said))


asyncio.run(main(*sys.argv[1:]))
