"""Makes small goldens of Hugging Face's own classes, with settings that the larger ones beside them do not have.

    python make_hf.py      # needs torch and transformers 5; with transformers 5.18 and torch 2.13 it writes the same files again

Each file has, in the form that `moe4j parity` reads: the config.json that transformers writes (metadata `config`), parameters, a batch, and in single
precision on the CPU logits, the loss, gradients, tokens per expert, and a short training run with AdamW (metadata `optimizer`).
"""

import json
import math
import pathlib
import struct

import torch
import torch.nn.functional as F
import transformers as tf

OPTIMIZER = {"name": "AdamW", "lr": 1e-3, "betas": [0.9, 0.95], "eps": 1e-8, "weight_decay": 0.1, "max_norm": 1.0, "load_balance_coeff": 0.0,
             "steps": 4, "lr_schedule": "constant"}
SEQUENCES, LENGTH = 2, 13
# The smallest relative distance of a routing decision: far above what another order of sums can make of it.
MARGIN = 5e-5
BIAS = "e_score_correction_bias"

DEEPSEEK = {"vocab_size": 37, "hidden_size": 16, "num_hidden_layers": 2, "first_k_dense_replace": 1, "num_attention_heads": 2, "num_key_value_heads": 2,
            "intermediate_size": 24, "moe_intermediate_size": 8, "n_routed_experts": 9, "num_experts_per_tok": 3, "n_shared_experts": 1, "q_lora_rank": 10, "kv_lora_rank": 12,
            "qk_nope_head_dim": 6, "qk_rope_head_dim": 8, "v_head_dim": 5, "n_group": 3, "topk_group": 2, "routed_scaling_factor": 1.5, "rms_norm_eps": 1e-6}
QWEN = {"vocab_size": 37, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 1, "head_dim": 6, "intermediate_size": 24,
        "moe_intermediate_size": 8, "num_experts": 5, "num_experts_per_tok": 3, "rms_norm_eps": 1e-6, "max_position_embeddings": 256}
YARN = {"rope_type": "yarn", "rope_theta": 1e4, "factor": 8.0, "original_max_position_embeddings": 32, "mscale": 1.0, "mscale_all_dim": 0.5}
LLAMA3 = {"rope_type": "llama3", "rope_theta": 1e4, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 32}
V2, V3, QWEN3 = ((tf.DeepseekV2Config, tf.DeepseekV2ForCausalLM), (tf.DeepseekV3Config, tf.DeepseekV3ForCausalLM),
                 (tf.Qwen3MoeConfig, tf.Qwen3MoeForCausalLM))

CASES = {
    # The temperature of attention's scores comes from mscale_all_dim, with every kind of scaling.
    "deepseek_v3_linear": (V3, DEEPSEEK | {"max_position_embeddings": 256,
        "rope_parameters": {"rope_type": "linear", "rope_theta": 1e4, "factor": 4.0, "mscale_all_dim": 1.0}}),
    # Halves rotated, both mscales, queries without latent, three shared experts, weights not normalised.
    "deepseek_v3_halves": (V3, DEEPSEEK | {"rope_interleave": False, "q_lora_rank": None, "n_shared_experts": 3, "norm_topk_prob": False,
        "max_position_embeddings": 256, "rope_parameters": YARN}),
    # No dense layer, a large epsilon of the norms (not of the latents' norms), and the temperature with llama3's scaling.
    "deepseek_v2_llama3": (V2, DEEPSEEK | {"topk_method": "group_limited_greedy", "first_k_dense_replace": 0, "n_shared_experts": 2, "rms_norm_eps": 1e-2,
        "max_position_embeddings": 256, "rope_parameters": LLAMA3 | {"mscale_all_dim": 0.7}}),
    # One expert with a weight that is normalised, and so always 1: the gate's gradients are zero, but for rounding. Every second layer has experts.
    "qwen3_moe_one": (QWEN3, QWEN | {"num_experts_per_tok": 1, "norm_topk_prob": True, "decoder_sparse_step": 2, "tie_word_embeddings": True,
        "rope_parameters": {"rope_type": "default", "rope_theta": 500.0}}),
}


def build(classes, sizes, seed):
    config = classes[0](**sizes)
    config._attn_implementation = config._experts_implementation = "eager"
    model, g = classes[1](config).float().eval(), torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in model.named_parameters():
            if p.ndim == 1:
                p.copy_(1 + 0.1 * torch.randn(p.shape, generator=g))
            else:
                p.normal_(0, 0.3 if name.endswith("mlp.gate.weight") else 1.2 / math.sqrt(p.shape[-1]), generator=g)
        for bias in biases(model).values():
            bias.copy_(0.05 * torch.randn(bias.shape, generator=g))
    return model


def biases(model):
    return {name: b for name, b in model.named_buffers() if name.endswith(BIAS)}


def named(model, value):
    """By the names of a checkpoint, which has experts one by one: in memory they are (E, 2F, D) and (E, D, F)."""
    out = {}
    for name, parameter in model.named_parameters():
        t, base = value(parameter).detach().clone(), name.rsplit(".", 1)[0]
        for e in range(len(t)):
            if name.endswith("experts.gate_up_proj"):
                out[f"{base}.{e}.gate_proj.weight"], out[f"{base}.{e}.up_proj.weight"] = t[e].chunk(2, 0)
            elif name.endswith("experts.down_proj"):
                out[f"{base}.{e}.down_proj.weight"] = t[e]
            else:
                out[name] = t
    return out


def watch(model, seen):
    """Notes tokens per expert, and the smallest relative distance of a decision, of groups too."""
    def look(layer, router, logits, chosen):
        seen["counts"][layer] = torch.bincount(chosen.flatten(), minlength=router.num_experts)
        third = hasattr(router, BIAS)
        values = (logits.sigmoid() + getattr(router, BIAS) if third else logits.softmax(-1)).detach()
        if getattr(router, "num_group", None):
            groups = values.unflatten(-1, (router.num_group, -1)).topk(2 if third else 1, -1).values.sum(-1)
            margin(groups, router.topk_group)
            keep = torch.zeros_like(groups).scatter(1, groups.topk(router.topk_group).indices, 1).bool()
            values = values.masked_fill(~keep.repeat_interleave(router.num_experts // router.num_group, 1), -1e9)
        margin(values, router.top_k)

    def margin(values, k):
        s = values.sort(-1, descending=True).values
        seen["margin"] = min(seen["margin"], ((s[:, k - 1] - s[:, k]) / s[:, k - 1].abs()).min().item())

    for name, module in model.named_modules():
        if name.endswith("mlp.gate"):
            module.register_forward_hook(lambda router, _, out, layer=int(name.split(".")[2]): look(layer, router, out[0], out[2]))


def golden(classes, sizes, seed):
    model, seen = build(classes, sizes, seed), {"counts": {}, "margin": math.inf}
    watch(model, seen)
    ids = torch.randint(0, sizes["vocab_size"], (SEQUENCES, LENGTH + 1), generator=torch.Generator().manual_seed(seed + 100))
    x, y = ids[:, :-1].contiguous(), ids[:, 1:].contiguous()
    out = {"input_ids": x, "labels": y} | {"param/" + n: t for n, t in (named(model, lambda p: p) | biases(model)).items()}
    out = {n: t.clone() for n, t in out.items()}
    o = OPTIMIZER
    optimizer = torch.optim.AdamW(model.parameters(), lr=o["lr"], betas=o["betas"], eps=o["eps"], weight_decay=o["weight_decay"])
    losses, norms = [], []
    for step in range(o["steps"]):
        optimizer.zero_grad()
        logits = model(input_ids=x, use_cache=False).logits
        loss = F.cross_entropy(logits.flatten(0, 1), y.flatten())
        loss.backward()
        if step == 0:
            out |= {"logits": logits.detach().clone(), "loss": loss.detach().reshape(1).clone()}
            out |= {"grad/" + n: t for n, t in named(model, lambda p: p.grad).items()}
            out |= {f"tokens_per_expert/{i}": n for i, n in sorted(seen["counts"].items())}
        losses.append(loss.item())
        norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), o["max_norm"]).item())
        optimizer.step()
    out |= {"train/loss": torch.tensor(losses), "train/grad_norm": torch.tensor(norms)}
    out |= {f"train/{BIAS}/{n.split('.')[2]}": b.clone() for n, b in biases(model).items()}
    out |= {"train/param/" + n: t for n, t in named(model, lambda p: p).items()}
    return out, {"config": model.config.to_json_string(), "optimizer": json.dumps(o)}, seen["margin"]


def write(path, tensors, meta):
    """The library writes metadata in random order; this does not."""
    types, head, blobs, end = {torch.float32: "F32", torch.int64: "I64"}, {"__metadata__": meta}, [], 0
    for name, t in tensors.items():
        blobs.append(t.contiguous().numpy().tobytes())
        head[name] = {"dtype": types[t.dtype], "shape": list(t.shape), "data_offsets": [end, end + len(blobs[-1])]}
        end += len(blobs[-1])
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def main():
    tf.utils.logging.set_verbosity_error()
    torch.set_num_threads(1)
    folder = pathlib.Path(__file__).parent.parent / "resources/io/moe4j/tests/parity"
    for name, (classes, sizes) in CASES.items():
        for seed in range(1, 100):
            tensors, meta, margin = golden(classes, sizes, seed)
            if margin >= MARGIN:
                write(folder / f"{name}.safetensors", tensors, meta)
                print(f"{name}: seed {seed}, closest decision {margin:.1e}, loss {tensors['train/loss'][0]:.6f} .. {tensors['train/loss'][-1]:.6f}")
                break


main()
