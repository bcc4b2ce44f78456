"""Frames and values of Stockade's wire protocol.

Written from the pages "The wire" and "Messages, field by field" of the book, and from nothing else. The types are read from
the second page itself. Only the standard library is used.

A value is a dict of its fields, a list, a text, a number, a bool or None. A case is a tuple: its name and what it holds.
"""

import re
import struct

HEADER = struct.Struct("<IBBHQQ")
KINDS = {1: "Hello", 2: "HelloAnswer", 3: "ClientMessage", 4: "ServerMessage", 7: "GoAway"}
BATCHES = {5: "ClientMessage", 6: "ServerMessage"}
INTEGERS = {"u8": 8, "u16": 16, "u32": 32, "u64": 64, "i64": 64}


class Types:
    """The types of the page."""

    def __init__(self, page):
        block = page.split("```text\n", 1)[1].split("```", 1)[0]
        self.named = {}
        name, lines = None, []
        for line in block.splitlines() + ["end"]:
            if line.startswith(" "):
                lines.append(line.strip())
                continue
            if name is not None:
                self.named[name] = self._declared(head, lines)
            head, lines = line, []
            name = re.match(r"\w+", line).group(0)

    def _declared(self, head, lines):
        name = re.match(r"\w+", head).group(0)
        rest = head[len(name):].strip()
        if rest.startswith(":"):
            return parse(rest[1:])
        if rest == "=":
            cases = {}
            for line in lines:
                number, case, held = re.fullmatch(r"(\d+) (\w+)(?:: (.*))?", line).groups()
                cases[case] = (int(number), parse(held) if held else ("nothing",))
            return ("cases", cases)
        return ("fields", [(line.split(": ", 1)[0], parse(line.split(": ", 1)[1])) for line in lines])

    def write(self, kind, value, out):
        what = kind[0]
        if what == "nothing":
            return
        if what == "name":
            self._write_named(kind[1], value, out)
        elif what == "option":
            out.append(0 if value is None else 1)
            if value is not None:
                self.write(kind[1], value, out)
        elif what == "list":
            put_number(len(value), out)
            for one in value:
                self.write(kind[1], one, out)
        elif what == "tuple":
            for one, within in zip(value, kind[1], strict=True):
                self.write(within, one, out)
        elif what == "fields":
            if set(value) != {name for name, _ in kind[1]}:
                raise ValueError(f"{sorted(value)} are not the fields {[name for name, _ in kind[1]]}")
            for name, within in kind[1]:
                self.write(within, value[name], out)
        elif what == "cases":
            name, held = value if isinstance(value, tuple) else (value, None)
            number, within = kind[1][name]
            put_number(number, out)
            self.write(within, held, out)
        elif what == "or":
            done = value[0] == "done"
            out.append(0 if done else 1)
            self.write(kind[1] if done else kind[2], value[1], out)

    def _write_named(self, name, value, out):
        if name == "u8" or name == "bool":
            out.append(int(value))
        elif name == "i64":
            put_number(2 * value if value >= 0 else -2 * value - 1, out)
        elif name in INTEGERS:
            put_number(value, out)
        elif name == "text":
            data = value.encode()
            put_number(len(data), out)
            out.extend(data)
        else:
            self.write(self.named[name], value, out)

    def read(self, kind, data, at):
        what = kind[0]
        if what == "nothing":
            return None, at
        if what == "name":
            return self._read_named(kind[1], data, at)
        if what == "option":
            return self.read(kind[1], data, at + 1) if flag(data[at]) else (None, at + 1)
        if what == "list":
            count, at = take_number(data, at)
            values = []
            for _ in range(count):
                value, at = self.read(kind[1], data, at)
                values.append(value)
            return values, at
        if what == "tuple":
            values = []
            for within in kind[1]:
                value, at = self.read(within, data, at)
                values.append(value)
            return tuple(values), at
        if what == "fields":
            values = {}
            for name, within in kind[1]:
                values[name], at = self.read(within, data, at)
            return values, at
        if what == "cases":
            number, at = take_number(data, at)
            for name, (known, within) in kind[1].items():
                if known == number:
                    held, at = self.read(within, data, at)
                    return (name, held), at
            raise ValueError(f"no case has the number {number}: {list(kind[1])}")
        refused = flag(data[at])
        value, at = self.read(kind[2] if refused else kind[1], data, at + 1)
        return ("refused" if refused else "done", value), at

    def _read_named(self, name, data, at):
        if name == "u8":
            return data[at], at + 1
        if name == "bool":
            return flag(data[at]), at + 1
        if name == "i64":
            number, at = take_number(data, at)
            return (number // 2 if number % 2 == 0 else -(number + 1) // 2), at
        if name in INTEGERS:
            number, at = take_number(data, at)
            if number >= 1 << INTEGERS[name]:
                raise ValueError(f"{number} is no {name}")
            return number, at
        if name == "text":
            length, at = take_number(data, at)
            if at + length > len(data):
                raise ValueError("a text beyond the end")
            return data[at:at + length].decode(), at + length
        return self.read(self.named[name], data, at)

    def frame(self, kind, value, durability=0, correlation=0, time=0):
        """A frame; for a batch, `value` is a list of messages."""
        body = bytearray()
        if kind in BATCHES:
            put_number(len(value), body)
            for message in value:
                self.write(("name", BATCHES[kind]), message, body)
        else:
            self.write(("name", KINDS[kind]), value, body)
        return HEADER.pack(len(body), kind, durability, 0, correlation, time) + bytes(body)

    def unframe(self, data):
        """The first frame of some bytes and how long it is; None while it is not complete."""
        if len(data) < HEADER.size:
            return None
        length, kind, durability, zero, correlation, time = HEADER.unpack_from(data)
        if zero != 0:
            raise ValueError("bytes 6 and 7 of a header are not zero")
        end = HEADER.size + length
        if len(data) < end:
            return None
        body, at = bytes(data[HEADER.size:end]), 0
        if kind in BATCHES:
            count, at = take_number(body, at)
            value = []
            for _ in range(count):
                message, at = self.read(("name", BATCHES[kind]), body, at)
                value.append(message)
        else:
            value, at = self.read(("name", KINDS[kind]), body, at)
        if at != length:
            raise ValueError(f"{length - at} bytes are left over behind a frame of kind {kind}")
        return {"kind": kind, "durability": durability, "correlation": correlation, "time": time, "value": value}, end


def parse(text):
    tokens = re.findall(r"\w+|[\[\](){}?,:]", text)
    kind, rest = _several(tokens)
    if rest:
        raise ValueError(f"cannot read `{text}`")
    return kind


def _several(tokens):
    kinds = []
    while True:
        kind, tokens = _one(tokens)
        kinds.append(kind)
        if tokens[:1] != [","]:
            return (kinds[0] if len(kinds) == 1 else ("tuple", kinds)), tokens
        tokens = tokens[1:]


def _one(tokens):
    first, rest = tokens[0], tokens[1:]
    if first == "[":
        kind, rest = _one(rest)
        kind, rest = ("list", kind), rest[1:]
    elif first == "(":
        kind, rest = _several(rest)
        kind = kind if kind[0] == "tuple" else ("tuple", [kind])
        rest = rest[1:]
    elif first == "{":
        fields = []
        while rest[0] != "}":
            rest = rest[1:] if rest[0] == "," else rest
            name, rest = rest[0], rest[2:]
            kind, rest = _one(rest)
            fields.append((name, kind))
        kind, rest = ("fields", fields), rest[1:]
    elif first == "nothing":
        kind = ("nothing",)
    else:
        kind = ("name", first)
    while rest[:1] == ["?"]:
        kind, rest = ("option", kind), rest[1:]
    if rest[:1] == ["or"]:
        other, rest = _one(rest[1:])
        kind = ("or", kind, other)
    return kind, rest


def put_number(number, out):
    if number < 251:
        out.append(number)
    elif number < 1 << 16:
        out.append(251)
        out.extend(struct.pack("<H", number))
    elif number < 1 << 32:
        out.append(252)
        out.extend(struct.pack("<I", number))
    else:
        out.append(253)
        out.extend(struct.pack("<Q", number))


def take_number(data, at):
    first = data[at]
    if first < 251:
        return first, at + 1
    form, length = {251: ("<H", 2), 252: ("<I", 4), 253: ("<Q", 8)}[first]
    return struct.unpack_from(form, data, at + 1)[0], at + 1 + length


def flag(byte):
    if byte > 1:
        raise ValueError(f"{byte} is neither 0 nor 1")
    return byte == 1
