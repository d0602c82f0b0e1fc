#!/usr/bin/env python3
"""One table of what `moe4j bench … --peers … --json` printed into a folder, and which goals of the project it meets.

    table.py FOLDER            # reads its exchange.json, swiglu.json, grouped-mm.json, attention.json, step4096.json and step128.json
"""

import json
import pathlib
import sys

FILES = ("swiglu", "exchange", "grouped-mm", "attention", "step4096", "step128")


def read(folder):
    reports = {}
    for name in FILES:
        try:
            reports[name] = json.loads((folder / f"{name}.json").read_text().splitlines()[-1])
        except (OSError, ValueError, IndexError):
            print(f"missing: {folder / name}.json", file=sys.stderr)
    return reports


def row(name, part):
    moved, computed = part["bytes_per_second"] / 1e9, part["flops_per_second"] / 1e12
    rate = f"{computed:.0f} TFLOP/s" if part["flops"] else f"{moved:.0f} GB/s"
    peer = f"{part['peer_s'] * 1e6:.1f} | {part['ratio_to_peer']:.2f}" if "peer_s" in part else "– | –"
    return f"| {name} | {part['bytes'] / 1e6:.0f} | {part['flops'] / 1e9:.0f} | {part['floor_s'] * 1e6:.1f} | " \
           f"{part['median_s'] * 1e6:.1f} | {rate} | {part['ratio']:.2f} | {peer} |"


def figures(reports):
    """The table."""
    lines = []
    for name, report in reports.items():
        lines += ["", f"**{name}** on {report['device']}; a copy {report['copy_bytes_per_second'] / 1e9:.0f} GB/s, a dense product "
                  f"{report['matmul_flops_per_second'] / 1e12:.0f} TFLOP/s", "",
                  "| part | MB | GFLOP | floor, µs | ours, µs | rate | of the floor | peer, µs | of the peer |",
                  "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"]
        lines += [row(part["name"], part) for part in report["parts"]]
    return lines


class Goals:
    """Each goal beside what was measured. What was not measured is not met."""

    def __init__(self, reports):
        self.parts = {(file, part["name"]): part for file, report in reports.items() for part in report["parts"]}
        self.lines = ["", "| goal | measured | met |", "| --- | --- | --- |"]

    def value(self, file, part, key):
        return self.parts.get((file, part), {}).get(key)

    def add(self, goal, value, form, met):
        measured, verdict = ("not measured", "no") if value is None else (form.format(value), "yes" if met(value) else "**no**")
        self.lines.append(f"| {goal} | {measured} | {verdict} |")

    def at_most(self, goal, value, bound, form="{:.2f}"):
        self.add(goal, value, form, lambda got: got <= bound)

    def at_least(self, goal, value, bound, form="{:.2f}"):
        self.add(goal, value, form, lambda got: got >= bound)


def inverse(value):
    return None if value is None else 1 / value


def quotient(a, b):
    return None if a is None or b is None else a / b


def goals(reports):
    """The goals, computed from the reports."""
    g = Goals(reports)
    for part in ("swiglu", "swiglu_backward"):
        g.at_least(f"{part}: 0.90 of the copy's bandwidth", inverse(g.value("swiglu", part, "ratio")), 0.9)
    for part in ("dispatch", "combine", "combine_adjoint", "dispatch_adjoint"):
        g.at_most(f"{part}: faster than Triton's", g.value("exchange", part, "ratio_to_peer"), 1)
    g.at_most("exchanges of a layer: half of Triton's time", g.value("exchange", "layer_exchanges", "ratio_to_peer"), 0.5)
    g.at_most("plan: 40 µs", g.value("exchange", "plan", "median_s"), 40e-6, "{:.2e} s")
    for matrix in ("gate_up", "down"):
        for product in ("product", "input_gradient", "weight_gradient"):
            g.at_least(f"{matrix}_{product}: 0.80 of torch._grouped_mm's rate",
                       inverse(g.value("grouped-mm", f"{matrix}_{product}", "ratio_to_peer")), 0.8)
    g.at_most("step of 4 × 4096, eager: no slower than PyTorch", g.value("step4096", "step_eager", "ratio_to_peer"), 1)
    g.at_most("step of 4 × 4096, captured: no slower than PyTorch", g.value("step4096", "step_captured", "ratio_to_peer"), 1)
    for step in ("step4096", "step128"):
        g.at_most(f"{step}: captured no slower than eager",
                  quotient(g.value(step, "step_captured", "median_s"), g.value(step, "step_eager", "median_s")), 1, "{:.3f}")
    g.at_least("step of 4 × 128: eager 1.3 times as fast as PyTorch, eager",
               inverse(g.value("step128", "step_eager", "ratio_to_peer")), 1.3)
    return g.lines


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    reports = read(pathlib.Path(sys.argv[1]))
    print("\n".join(figures(reports) + goals(reports)))


if __name__ == "__main__":
    main()
