#!/usr/bin/env python3
"""The peer of `moe4j bench step`: a plain PyTorch DeepSeek-V3 of the 16B's widths, forward and backward, each block checkpointed, eager and as a CUDA graph. Prints JSON
for its option --peers.

    step.py --sequence 4096            # 1 dense and 3 mixture-of-experts layers, 4 sequences, bf16
"""

import argparse
import statistics
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.checkpoint import checkpoint

from timing import Report

VOCABULARY, DIM, HEADS, LATENT, NOPE, ROPE, VALUE = 102400, 2048, 16, 512, 128, 64, 128
DENSE, EXPERTS, TOP_K, HIDDEN, SHARED = 10944, 64, 6, 1408, 2
EPS = 1e-5


def linear(inputs, outputs):
    return nn.Linear(inputs, outputs, bias=False)


def rotate(x, angles):
    """Adjacent pairs of (B, S, H, R) by (S, R/2) angles."""
    pairs = torch.view_as_complex(x.float().unflatten(-1, (-1, 2)).contiguous())
    return torch.view_as_real(pairs * angles[None, :, None]).flatten(-2).to(x.dtype)


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.RMSNorm(DIM, eps=EPS)
        self.q = linear(DIM, HEADS * (NOPE + ROPE))
        self.down = linear(DIM, LATENT + ROPE)
        self.latent_norm = nn.RMSNorm(LATENT, eps=EPS)
        self.up = linear(LATENT, HEADS * (NOPE + VALUE))
        self.out = linear(HEADS * VALUE, DIM)

    def forward(self, x, angles):
        h = self.norm(x)
        q_nope, q_rope = self.q(h).unflatten(-1, (HEADS, -1)).split([NOPE, ROPE], -1)
        latent, k_rope = self.down(h).split([LATENT, ROPE], -1)
        k_nope, v = self.up(self.latent_norm(latent)).unflatten(-1, (HEADS, -1)).split([NOPE, VALUE], -1)
        q = torch.cat([q_nope, rotate(q_rope, angles)], -1)
        k = torch.cat([k_nope, rotate(k_rope.unsqueeze(2), angles).expand(-1, -1, HEADS, -1)], -1)
        o = F.scaled_dot_product_attention(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), is_causal=True)
        return x + self.out(o.transpose(1, 2).flatten(-2))


class FeedForward(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.gate, self.up, self.down = linear(DIM, hidden), linear(DIM, hidden), linear(hidden, DIM)

    def forward(self, x):
        return self.down(F.silu(self.gate(x)) * self.up(x))


class Experts(nn.Module):
    def __init__(self):
        super().__init__()
        self.router = linear(DIM, EXPERTS)
        self.gate_up = nn.Parameter(torch.empty(EXPERTS, 2 * HIDDEN, DIM))
        self.down = nn.Parameter(torch.empty(EXPERTS, DIM, HIDDEN))
        self.shared = FeedForward(SHARED * HIDDEN)

    def forward(self, x):
        tokens = x.flatten(0, 1)
        scores = F.linear(tokens.float(), self.router.weight.float()).softmax(-1)
        weights, ids = scores.topk(TOP_K, sorted=False)
        order = ids.flatten().argsort(stable=True)
        ones = torch.ones_like(order)
        counts = torch.zeros(EXPERTS, device=x.device, dtype=order.dtype).scatter_add(0, ids.flatten(), ones)
        offsets = counts.cumsum(0).int()
        token = order // TOP_K
        gate, up = torch._grouped_mm(tokens[token], self.gate_up.mT, offs=offsets).chunk(2, -1)
        rows = torch._grouped_mm(F.silu(gate) * up, self.down.mT, offs=offsets)
        rows = (rows.float() * weights.flatten()[order].unsqueeze(1)).to(x.dtype)
        return (torch.zeros_like(tokens).index_add(0, token, rows) + self.shared(tokens)).view_as(x)


class Block(nn.Module):
    def __init__(self, feed_forward):
        super().__init__()
        self.attention, self.norm, self.feed_forward = Attention(), nn.RMSNorm(DIM, eps=EPS), feed_forward

    def forward(self, x, angles):
        x = self.attention(x, angles)
        return x + self.feed_forward(self.norm(x))


class Model(nn.Module):
    def __init__(self, layers):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, DIM)
        self.blocks = nn.ModuleList(Block(Experts() if layer else FeedForward(DENSE)) for layer in range(layers))
        self.norm, self.head = nn.RMSNorm(DIM, eps=EPS), linear(DIM, VOCABULARY)

    def forward(self, ids, labels, angles):
        x = self.embedding(ids)
        for block in self.blocks:
            # Nothing here is random; saving the generator's state would read it from the device, which a capture forbids.
            x = checkpoint(block, x, angles, use_reentrant=False, preserve_rng_state=False)
        return F.cross_entropy(self.head(self.norm(x)).float().flatten(0, 1), labels.flatten())


def build(layers):
    with torch.device("cuda"):
        model = Model(layers)
    model.bfloat16()
    for parameter in model.parameters():
        nn.init.ones_(parameter) if parameter.ndim == 1 else nn.init.normal_(parameter, 0, 0.02)
        # Made before the capture, in memory of its own: backward adds to it, as ours does to its gradients.
        parameter.grad = torch.zeros_like(parameter)
    return model


def median_seconds(run, warmup=5, iterations=15):
    times = []
    for _ in range(warmup + iterations):
        torch.cuda.synchronize()
        start = time.perf_counter()
        run()
        torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return statistics.median(times[warmup:])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", type=int, default=4, help="the first is dense")
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--sequence", type=int, default=4096)
    a = parser.parse_args()
    torch.manual_seed(1)
    model = build(a.layers)
    ids, labels = torch.randint(VOCABULARY, (2, a.batch, a.sequence), device="cuda")
    frequencies = 10000.0 ** (-torch.arange(0, ROPE, 2, device="cuda") / ROPE)
    angles = torch.outer(torch.arange(a.sequence, device="cuda"), frequencies)
    angles = torch.polar(torch.ones_like(angles), angles)
    gradients = [parameter.grad for parameter in model.parameters()]

    def step():
        torch._foreach_zero_(gradients)
        loss = model(ids, labels, angles)
        loss.backward()
        return loss.detach()

    report = Report({"ranks": 1, "local_batch_size": a.batch, "seq_len": a.sequence, "recompute": "full", "dtype": "bf16"})
    # Eager and captured on one stream, from the first step on: the nodes that add to gradients remember the stream that they were made on.
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream), sdpa_kernel(SDPBackend.CUDNN_ATTENTION):
        report.put("step_eager", "PyTorch", median_seconds(step))
        try:
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, stream=stream, capture_error_mode="thread_local"):
                loss = step()
            report.put("step_captured", "PyTorch as a CUDA graph", median_seconds(graph.replay))
            print(f"loss {loss.item():.4f}", file=sys.stderr)
        except RuntimeError as error:
            print(f"the step was not captured: {error}", file=sys.stderr)
    report.print()


if __name__ == "__main__":
    main()
