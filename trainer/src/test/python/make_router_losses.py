"""Makes ../resources/io/moe4j/trainer/step/router_losses.safetensors: losses of routing and their gradients by PyTorch's autograd.

    python make_router_losses.py      # needs torch and safetensors

The sequence-wise balance loss is equations 17 to 20 of the DeepSeek-V3 technical report, the z-loss equation 5 of "ST-MoE". NAME.losses has both, as means
over tokens; NAME.gradient is that of 0.3 times the first plus 0.02 times the second, both as means over tokens.
"""

import pathlib

import torch
from safetensors.torch import save_file


def balance_loss(scores, ids, sequences):
    """The mean over sequences of sum_i f_i P_i."""
    tokens, experts = scores.shape
    top_k = ids.shape[1]
    losses = []
    for s, chosen in zip(scores.chunk(sequences), ids.chunk(sequences)):
        length = s.shape[0]
        selected = torch.zeros(length, experts).scatter_(1, chosen, 1.0)
        f = experts / (top_k * length) * selected.sum(0)
        p = (s / s.sum(-1, keepdim=True)).mean(0)
        losses.append((f * p).sum())
    return torch.stack(losses).mean()


def main():
    torch.manual_seed(11)
    tensors = {}
    for name, (sequences, length, experts, top_k) in {"few": (3, 10, 8, 3), "many": (2, 32, 64, 6)}.items():
        for score in ["softmax", "sigmoid"]:
            logits = (torch.randn(sequences * length, experts) * 2).requires_grad_()
            scores = logits.softmax(-1) if score == "softmax" else logits.sigmoid()
            # A bias moves the choice, as it does in training.
            ids = (scores + 0.1 * torch.randn(experts)).topk(top_k).indices
            balance = balance_loss(scores, ids, sequences)
            z = logits.logsumexp(-1).square().mean()
            (0.3 * balance + 0.02 * z).backward()
            at = f"{name}.{score}."
            tensors[at + "logits"] = logits.detach()
            tensors[at + "ids"] = ids.to(torch.int32)
            tensors[at + "losses"] = torch.stack([balance, z]).detach()
            tensors[at + "gradient"] = logits.grad
    out = pathlib.Path(__file__).parent / "../resources/io/moe4j/trainer/step/router_losses.safetensors"
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, out.resolve())


if __name__ == "__main__":
    main()
