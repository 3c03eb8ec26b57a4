#!/usr/bin/env python3
"""Copies some tensors of a recorded file (.safetensors) into a smaller one: cut_golden.py IN OUT PATTERN... [-PATTERN...]

Patterns are those of a shell; a leading '-' leaves out what fits.
"""
import fnmatch
import json
import struct
import sys


def main(source, target, *patterns):
    with open(source, "rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(size))
        data = file.read()
    metadata = header.pop("__metadata__")
    wanted = [p for p in patterns if not p.startswith("-")]
    unwanted = [p[1:] for p in patterns if p.startswith("-")]

    def fits(name, some):
        return any(fnmatch.fnmatchcase(name, p) for p in some)

    kept, blocks, end = {}, [], 0
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        if not fits(name, wanted) or fits(name, unwanted):
            continue
        begin, stop = entry["data_offsets"]
        blocks.append(data[begin:stop])
        kept[name] = dict(entry, data_offsets=[end, end + stop - begin])
        end += stop - begin
    if not kept:
        sys.exit(f"{source}: no tensor fits")
    text = json.dumps({"__metadata__": metadata, **kept}, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(target, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(blocks))


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
