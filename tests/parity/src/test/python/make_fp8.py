"""Makes ../resources/io/moe4j/tests/parity/fp8.safetensors: quantizing to e4m3 and products of such numbers, by PyTorch's float8_e4m3fn and float64.

    python make_fp8.py      # needs torch; with torch 2.13 it writes the same file again

Written from section 3.3 of the DeepSeek-V3 technical report and docs/fp8.md: a scale is the largest size of a block divided by 448, at least 2^-126, the
smallest normal number of fp32; a block is 1 x 128 of activations and gradients, 128 x 128 of weights, 128 x 1 where sums run over tokens. Scales and quotients
are fp32.

Tensors of each case, for a layer y = x w^T with T tokens, I inputs, O outputs:

    CASE.x (T, I), CASE.w (O, I), CASE.dy (T, O)         what is given, fp32 or bf16
    CASE.OPERAND.BLOCKS.numbers, .scales                 of x.rows, x.columns, dy.rows, dy.columns, w.squares
    CASE.y, CASE.dx, CASE.dw                             products of the quantized numbers in float64

`decoded` has what the codes 0 to 255 stand for; `rounding.numbers` the codes of `rounding.given`.
"""

import json
import pathlib
import struct

import torch

BLOCK = 128
LARGEST = 448.0
SMALLEST_SCALE = 2.0**-126
BLOCKS = {"rows": (1, BLOCK), "columns": (BLOCK, 1), "squares": (BLOCK, BLOCK)}
TYPES = {torch.float32: "F32", torch.float64: "F64", torch.bfloat16: "BF16", torch.float8_e4m3fn: "F8_E4M3"}


def codes(x):
    """The nearest e4m3 of fp32 numbers; every NaN is 0x7F, where PyTorch keeps the sign."""
    bits = x.to(torch.float8_e4m3fn).view(torch.uint8)
    return torch.where(x.isnan(), 0x7F, bits).view(torch.float8_e4m3fn)


def spread(scales, block, like):
    """The scale of each element."""
    return scales.repeat_interleave(block[0], 0).repeat_interleave(block[1], 1)[: like.shape[0], : like.shape[1]]


def quantize(x, block):
    x = x.float()
    rows, columns = x.shape
    padded = torch.nn.functional.pad(x.abs(), (0, -columns % block[1], 0, -rows % block[0]))
    largest = padded.unflatten(0, (-1, block[0])).unflatten(2, (-1, block[1])).amax((1, 3))
    scales = (largest / LARGEST).clamp(min=SMALLEST_SCALE)
    return codes(x / spread(scales, block, x)), scales


class Operand:
    """Quantizes, and keeps what it found under a name."""

    def __init__(self, out, name, x, blocks):
        block = BLOCKS[blocks]
        self.numbers, self.scales = quantize(x, block)
        out[f"{name}.{blocks}.numbers"], out[f"{name}.{blocks}.scales"] = self.numbers, self.scales
        # A number has 4 bits and a scale 24: exact.
        self.exact = self.numbers.double() * spread(self.scales, block, x).double()


def piece(kind, shape, g):
    """A part of a matrix, of one kind."""
    normal = torch.randn(shape, generator=g)
    signs = torch.where(torch.rand(shape, generator=g) < 0.5, -1.0, 1.0)
    low = torch.randint(0, 0x7E, shape, generator=g)
    middle = (decoded(low) + decoded(low + 1)) / 2
    middle.view(-1)[0] = LARGEST
    if kind == "ties":
        # Halfway between two numbers, for a scale of exactly 2^-5.
        return signs * middle * 2.0**-5
    if kind == "near ties":
        # The same for a scale of 24 bits, and the fp32 numbers next to these: a product with its reciprocal would be another number than the quotient.
        near = middle * (normal.abs().max() / LARGEST)
        near = torch.where(normal < -0.5, torch.nextafter(near, torch.tensor(0.0)), near)
        near = torch.where(normal > 0.5, torch.nextafter(near, torch.tensor(torch.inf)), near)
        near.view(-1)[0] = normal.abs().max()
        return signs * near
    if kind == "wide":
        # Sizes of which many are subnormal numbers beside the largest, and some become zeros with either sign.
        return normal * torch.exp2(torch.randint(-20, 1, shape, generator=g).float())
    sizes = {"normal": 1.0, "tiny": 1e-41, "least scale": 4e-36, "huge": 1e30}
    return signs * 0.0 if kind == "zeros of both signs" else normal * sizes[kind]


def decoded(bits):
    return bits.to(torch.uint8).view(torch.float8_e4m3fn).float()


def pieces(kinds, heights, widths, g):
    return torch.cat([torch.cat([piece(kind, (h, w), g) for kind, w in zip(row, widths)], 1) for row, h in zip(kinds, heights)])


LONG = (BLOCK, BLOCK, 44)
FIRST = [["near ties", "normal", "ties"], ["zeros of both signs", "tiny", "wide"], ["huge", "least scale", "normal"], ["ties", "near ties", "wide"]]
# Huge numbers are not where those of FIRST are: a sum of their products would be infinite.
SECOND = [["wide", "normal", "ties"], ["normal", "huge", "zeros of both signs"], ["tiny", "near ties", "normal"], ["ties", "wide", "near ties"],
          ["normal", "least scale", "tiny"]]
LAYER = [["near ties", "ties", "normal"]]


def short(rows, columns, g):
    return pieces([["normal"]], [rows], [columns], g)


def cases():
    """Each of x, w and dy, where one extent is of more than two blocks; and weights of 2 x 2 blocks."""
    g = torch.Generator().manual_seed(448)
    yield "inputs", pieces(FIRST, [1] * 4, LONG, g), pieces(LAYER, [5], LONG, g), short(4, 5, g)
    yield "outputs", short(4, 5, g), pieces(LAYER, [5], LONG, g).T, pieces(FIRST, [1] * 4, LONG, g)
    yield "tokens", pieces(FIRST, [1] * 4, LONG, g).T, short(5, 4, g), pieces(SECOND, [1] * 5, LONG, g).T
    squares = pieces([["normal", "wide"], ["ties", "zeros of both signs"]], (BLOCK, 2), (BLOCK, 4), g)
    yield "squares", short(2, 132, g).bfloat16(), (0.02 * squares).bfloat16(), short(2, 130, g).bfloat16()


def layer(out, name, x, w, dy):
    out |= {f"{name}.x": x, f"{name}.w": w, f"{name}.dy": dy}
    of = {operand: {blocks: Operand(out, f"{name}.{operand}", given, blocks) for blocks in kinds}
          for operand, given, kinds in [("x", x, ["rows", "columns"]), ("dy", dy, ["rows", "columns"]), ("w", w, ["squares"])]}
    weights = of["w"]["squares"].exact
    out[f"{name}.y"] = of["x"]["rows"].exact @ weights.T
    out[f"{name}.dx"] = of["dy"]["rows"].exact @ weights
    if name != "squares":
        out[f"{name}.dw"] = of["dy"]["columns"].exact.T @ of["x"]["columns"].exact
    if name == "tokens":
        # Of two experts, the first with 100 rows; blocks are counted from the first row of all.
        for expert, rows in enumerate([slice(0, 100), slice(100, 300)]):
            out[f"{name}.dw.{expert}"] = of["dy"]["columns"].exact[rows].T @ of["x"]["columns"].exact[rows]
        # Rows that arrive in 8 bits are quantized again along tokens, from number times scale in fp32.
        Operand(out, f"{name}.again", of["x"]["rows"].exact.float(), "columns")


def edges():
    """Each number, each middle between two, what is next to these in fp32, and what is beyond the largest."""
    numbers = decoded(torch.arange(0x7F))
    beyond = torch.tensor([464.0, 480.0, 512.0, 1e9, torch.finfo(torch.float32).max])
    points = torch.cat([numbers, (numbers[1:] + numbers[:-1]) / 2, beyond])
    up, down = (torch.nextafter(points, torch.tensor(limit)) for limit in (torch.inf, -torch.inf))
    given = torch.cat([points, up, down, torch.tensor([torch.inf, 1e-45, 1e-39])])
    return torch.cat([given, -given, torch.tensor([torch.nan])])


def extremes():
    """Blocks with an infinity, a NaN, the largest and the smallest numbers of fp32, and none but these."""
    largest, smallest = torch.finfo(torch.float32).max, 2.0**-149
    return torch.tensor([[1.0, -torch.inf, 0.0, -2.0], [3.0, torch.nan, torch.inf, -0.0], [largest, -largest, 1.0, largest / 3],
                         [smallest, -smallest, 0.0, -0.0], [LARGEST * SMALLEST_SCALE, SMALLEST_SCALE, -0.5 * SMALLEST_SCALE, 0.0],
                         [-0.0, -0.0, -0.0, -0.0]])


def write(path, tensors, meta):
    """The library writes metadata in random order; this does not."""
    head, blobs, end = {"__metadata__": meta}, [], 0
    for name, t in tensors.items():
        t = t.contiguous()
        blobs.append(t.view(torch.uint8).numpy().tobytes())
        head[name] = {"dtype": TYPES[t.dtype], "shape": list(t.shape), "data_offsets": [end, end + len(blobs[-1])]}
        end += len(blobs[-1])
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def main():
    torch.set_num_threads(1)
    out = {}
    for name, x, w, dy in cases():
        layer(out, name, x, w, dy)
    for name, t in out.items():
        assert t.float().isfinite().all(), f"{name} is not finite"
    out["extremes.x"] = extremes()
    for blocks in BLOCKS:
        Operand(out, "extremes.x", out["extremes.x"], blocks)
    out["decoded"] = decoded(torch.arange(256))
    out["rounding.given"] = edges()
    out["rounding.numbers"] = codes(out["rounding.given"])
    path = pathlib.Path(__file__).parent.parent / "resources/io/moe4j/tests/parity/fp8.safetensors"
    write(path, out, {"torch": torch.__version__})
    print(f"{len(out)} tensors, {path.stat().st_size} bytes")


main()
