#!/usr/bin/env python3
"""The peers of `moe4j bench exchange`, `swiglu`, `grouped-mm` and `attention`: torchtitan's Triton kernels, and PyTorch's. Prints JSON for their option --peers.

    kernels.py exchange  --torchtitan CHECKOUT
    kernels.py swiglu    --torchtitan CHECKOUT
    kernels.py grouped-mm
    kernels.py attention

Shapes are those of one rank of four in the 16B model, 16384 tokens a rank, bf16, unless options say otherwise.
"""

import argparse

import torch
import torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

import torchtitan_kernels
from timing import Report

DEVICE = "cuda"
ROWS = torch.bfloat16


def shape(a):
    return {"tokens_per_rank": a.tokens, "top_k": a.top_k, "experts": a.experts, "ranks": a.ranks, "dim": a.dim,
            "expert_hidden": a.hidden, "capacity_rows": capacity(a), "dtype": "bf16"}


def capacity(a):
    return a.ranks * a.tokens * min(a.top_k, a.experts // a.ranks)


def random(*extents):
    return torch.rand(*extents, device=DEVICE, dtype=ROWS) * 2 - 1


def offsets(a):
    """Running sums of the N rows of one rank's experts, evenly at random."""
    local = a.experts // a.ranks
    ids = torch.randint(local, (a.tokens * a.top_k,), device=DEVICE)
    return ids.bincount(minlength=local).cumsum(0).int()


def capacities(a):
    return (("", capacity(a)), ("_exact_capacity", a.tokens * a.top_k))


def swiglu(a):
    tt = torchtitan_kernels.load(a.torchtitan, torchtitan_kernels.SWIGLU,
                                 ["silu_and_mul_forward_kernel", "silu_and_mul_backward_kernel"])
    report, offs = Report(shape(a)), offsets(a)
    gate_up, dh = random(capacity(a), 2 * a.hidden), random(capacity(a), a.hidden)
    for suffix, rows in capacities(a):
        gate, up = gate_up[:rows, :a.hidden], gate_up[:rows, a.hidden:]
        report.add("swiglu" + suffix, "Triton", lambda: tt.silu_and_mul_forward_kernel(gate, up, offs))
        report.add("swiglu_backward" + suffix, "Triton",
                   lambda: tt.silu_and_mul_backward_kernel(dh[:rows], gate, up, offs))
    return report


def grouped_mm(a):
    report, offs, local = Report(shape(a)), offsets(a), a.experts // a.ranks
    x_all, gate_up_all, h_all = (random(capacity(a), n) for n in (a.dim, 2 * a.hidden, a.hidden))
    gate_up_w, down_w = random(local, 2 * a.hidden, a.dim), random(local, a.dim, a.hidden)
    for suffix, rows in capacities(a):
        x, gate_up, h = x_all[:rows], gate_up_all[:rows], h_all[:rows]
        products = {"gate_up_product": (x, gate_up_w.mT), "gate_up_input_gradient": (gate_up, gate_up_w),
                    "gate_up_weight_gradient": (gate_up.t(), x), "down_product": (h, down_w.mT),
                    "down_input_gradient": (x, down_w), "down_weight_gradient": (x.t(), h)}
        for name, (left, right) in products.items():
            report.add(name + suffix, "torch._grouped_mm", lambda: torch._grouped_mm(left, right, offs=offs))
    return report


def attention(a):
    report = Report({"batch": a.batch, "sequence": a.sequence, "heads": a.heads, "query_key_dim": a.query_key,
                     "value_dim": a.value, "dtype": "bf16"})
    heads = [random(a.batch, a.sequence, a.heads, n).transpose(1, 2).requires_grad_()
             for n in (a.query_key, a.query_key, a.value)]
    dout = random(a.batch, a.sequence, a.heads, a.value).transpose(1, 2)
    with sdpa_kernel(SDPBackend.CUDNN_ATTENTION):
        with torch.no_grad():
            report.add("attention", "cuDNN through PyTorch",
                       lambda: F.scaled_dot_product_attention(*heads, is_causal=True))
        out = F.scaled_dot_product_attention(*heads, is_causal=True)
        # Autograd is not recorded; its host time hides behind kernels of some milliseconds.
        report.add("attention_backward", "cuDNN through PyTorch, not the same twice",
                   lambda: torch.autograd.grad(out, heads, dout, retain_graph=True), graph=False)
    return report


class Exchange:
    """One rank's exchange as torchtitan's minimal_async_ep makes it, with all ranks' buffers on this GPU."""

    def __init__(self, a):
        self.a, self.n, local = a, a.tokens * a.top_k, a.experts // a.ranks
        self.tt = torchtitan_kernels.load(a.torchtitan, torchtitan_kernels.EXCHANGE, [
            "copy_rows_to_peers_kernel", "invert_flat_indices_kernel", "reduce_topk_slots_kernel",
            "expand_topk_grad_kernel", "topk_scores_grad_kernel"])
        ids = torch.stack([torch.rand(a.tokens, a.experts, device=DEVICE).topk(a.top_k)[1].flatten()
                           for _ in range(a.ranks)])
        counts = torch.stack([row.bincount(minlength=a.experts) for row in ids])
        # Arrival order: by local expert, within it by source rank.
        by_expert = counts.view(a.ranks, a.ranks, local).permute(1, 2, 0).reshape(a.ranks, -1)
        starts = (by_expert.cumsum(1) - by_expert).view(a.ranks, local, a.ranks).permute(2, 0, 1).reshape(a.ranks, -1)
        self.back_rank = torch.zeros(capacity(a), device=DEVICE, dtype=torch.int64)
        self.back_row = torch.zeros_like(self.back_rank)
        for source in reversed(range(a.ranks)):
            order = torch.argsort(ids[source], stable=True)
            expert = ids[source][order]
            within = torch.arange(self.n, device=DEVICE) - (counts[source].cumsum(0) - counts[source])[expert]
            rank, row = expert // local, starts[source][expert] + within
            mine = rank == 0
            self.back_rank[row[mine]] = source
            self.back_row[row[mine]] = mine.nonzero().flatten()
        self.ids, self.order, self.rank, self.row = ids[0], order, rank.contiguous(), row.contiguous()
        self.source = (order // a.top_k).contiguous()
        self.received = counts.sum(0)[:local].sum().view(1)
        self.slots = self.tt.invert_flat_indices_kernel(order, num_rows=self.n)
        self.buffers = [random(capacity(a), a.dim) for _ in range(a.ranks)]
        self.pointers = torch.tensor([each.data_ptr() for each in self.buffers], device=DEVICE)
        self.origins = [random(self.n, a.dim) for _ in range(a.ranks)]
        self.origin_pointers = torch.tensor([each.data_ptr() for each in self.origins], device=DEVICE)
        self.x, self.experts_out = random(a.tokens, a.dim), random(capacity(a), a.dim)
        self.scores = torch.rand(self.n, device=DEVICE)

    def plan(self):
        """What is timed of it: the sort and its inverse. Counts and destinations come on top."""
        self.tt.invert_flat_indices_kernel(torch.argsort(self.ids, stable=True), num_rows=self.n)

    def send(self, x, source=None):
        self.tt.copy_rows_to_peers_kernel(x, self.buffers, self.rank, self.row, ep_size=self.a.ranks, num_rows=self.n,
                                          num_cols=self.a.dim, dst_ptrs=self.pointers, src_rows=source, block_m=4,
                                          num_warps=8)

    def bring_back(self):
        self.tt.copy_rows_to_peers_kernel(self.experts_out, self.origins, self.back_rank, self.back_row,
                                          ep_size=self.a.ranks, num_rows=capacity(self.a), num_cols=self.a.dim,
                                          dst_ptrs=self.origin_pointers, block_m=4, num_valid_rows=self.received)

    def reduce(self, scores):
        return self.tt.reduce_topk_slots_kernel(self.origins[0], self.slots, scores, num_tokens=self.a.tokens,
                                                top_k=self.a.top_k, scores_are_slot_ordered=scores is not None)

    def dispatch(self):
        self.send(self.x, self.source)

    def combine(self):
        self.bring_back()
        self.reduce(self.scores)

    def combine_adjoint(self):
        grads = self.tt.expand_topk_grad_kernel(self.x, self.order, self.scores, top_k=self.a.top_k, dtype=ROWS,
                                                scores_are_slot_ordered=True)
        self.tt.topk_scores_grad_kernel(self.origins[0], self.x, self.order, top_k=self.a.top_k, dtype=torch.float32,
                                        scores_are_slot_ordered=True)
        self.send(grads)

    def dispatch_adjoint(self):
        self.bring_back()
        self.reduce(None)

    def layer(self):
        """The same exchanges as ours. torchtitan's recompute also combines again, which is not counted."""
        self.dispatch()
        self.combine()
        self.dispatch()
        self.combine_adjoint()
        self.dispatch_adjoint()


def exchange(a):
    report, one = Report(shape(a)), Exchange(a)
    report.add("plan", "argsort and Triton's inverse, without destinations", one.plan)
    report.add("dispatch", "Triton copy", one.dispatch)
    report.add("combine", "Triton copy and sum", one.combine)
    report.add("combine_adjoint", "Triton expansion, scores' gradient and copy", one.combine_adjoint)
    report.add("dispatch_adjoint", "Triton copy and sum", one.dispatch_adjoint)
    report.add("layer_exchanges", "Triton", one.layer)
    return report


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = {"exchange": exchange, "swiglu": swiglu, "grouped-mm": grouped_mm, "attention": attention}
    parser.add_argument("command", choices=commands)
    parser.add_argument("--torchtitan", help="a checkout of https://github.com/pytorch/torchtitan")
    for name, default in (("tokens", 16384), ("top-k", 6), ("experts", 64), ("ranks", 4), ("dim", 2048), ("hidden", 1408),
                          ("batch", 4), ("sequence", 4096), ("heads", 16), ("query-key", 192), ("value", 128)):
        parser.add_argument(f"--{name}", type=int, default=default)
    arguments = parser.parse_args()
    if arguments.command in ("exchange", "swiglu") and not arguments.torchtitan:
        parser.error(f"{arguments.command} needs --torchtitan CHECKOUT")
    torch.manual_seed(1)
    commands[arguments.command](arguments).print()


if __name__ == "__main__":
    main()
