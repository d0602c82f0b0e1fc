#!/usr/bin/env python3
"""Reads the event files of a run with TensorBoard's own reader, and compares every value with metrics.jsonl.

    ./moe4j train --metrics.tensorboard --output outputs/mine
    pip install tensorboard
    python3 build-support/check-tensorboard.py outputs/mine
"""
import json
import pathlib
import struct
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

# Curve, and the key of metrics.jsonl that has the same values.
SAME = {
    "train/loss": "loss",
    "train/grad_norm": "grad_norm",
    "train/lr": "lr",
    "train/tokens": "tokens",
    "speed/tokens_per_second": "tokens_per_second",
    "speed/mfu": "mfu",
    "experts/received_rows_max": "received_rows_max",
    "validation/loss": "validation_loss",
}


def single(value):
    return struct.unpack("f", struct.pack("f", value))[0]


run = pathlib.Path(sys.argv[1])
events = EventAccumulator(str(run / "tensorboard"), size_guidance={"scalars": 0})
events.Reload()
lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
compared = 0
for tag, key in SAME.items():
    wanted = [(line["step"], single(line[key])) for line in lines if line.get(key) is not None]
    read = [(event.step, event.value) for event in events.Scalars(tag)] if tag in events.Tags()["scalars"] else []
    if read != wanted:
        sys.exit(f"{tag}: TensorBoard reads {read[:3]}…, {len(read)} values; metrics.jsonl has {wanted[:3]}…, {len(wanted)}")
    compared += len(read)
if compared == 0:
    sys.exit(f"{run} has nothing to compare")
print(f"{compared} values of {len(SAME)} curves are those of metrics.jsonl; {len(events.Tags()['scalars'])} curves in all")
