"""Times CUDA work as `moe4j bench` does: runs of some calls each, one right behind the other, between two events; the median run divided by its calls."""

import json
import statistics

import torch


def seconds(call, calls=10, warmup=5, iterations=15, graph=True):
    """Seconds of one call. With `graph`, a run is the replay of a graph of all its calls, so that what the host needs does not count."""
    run = recorded(call, calls) if graph else lambda: [call() for _ in range(calls)]
    marks = [mark()]
    for _ in range(warmup + iterations):
        run()
        marks.append(mark())
    torch.cuda.synchronize()
    runs = [a.elapsed_time(b) / 1e3 / calls for a, b in zip(marks, marks[1:])]
    return statistics.median(runs[warmup:])


def recorded(call, calls):
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        call()
    side.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, stream=side):
        for _ in range(calls):
            call()
    return graph.replay


def mark():
    event = torch.cuda.Event(enable_timing=True)
    event.record()
    return event


class Report:
    """Collects parts, and prints what the option --peers of `moe4j bench` reads."""

    def __init__(self, shape):
        self.shape = shape
        self.parts = []

    def add(self, name, by, call, **options):
        self.put(name, by, seconds(call, **options))

    def put(self, name, by, median):
        self.parts.append({"name": name, "median_s": median, "by": by})

    def print(self):
        print(json.dumps({"device": torch.cuda.get_device_name(), "torch": torch.__version__, "shape": self.shape,
                          "parts": self.parts}))
