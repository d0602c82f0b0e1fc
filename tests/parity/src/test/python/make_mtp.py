"""Makes mtp_1, mtp_2 and mtp_faults.safetensors beside the other goldens of these tests: multi-token prediction as DeepSeek-V3 trains it.

    python make_mtp.py      # needs torch and safetensors

The first two are goldens of a small DeepSeek-V3 with one and two modules for multi-token prediction, in the form that `moe4j parity` reads: parameters, a
batch, and by PyTorch's autograd in double precision logits, losses, gradients, and a short training run. No published class trains these modules, so this is
written from section 2.2 of the DeepSeek-V3 technical report, with what it leaves open as published checkpoints and the software that runs them have it:
the embedding comes first in the concatenation, and the hidden state that a module reads is the one after the norm of the head before it.

mtp_faults has, for variants of the first that are wrong in one thing, the losses of its run and the gradients of its first step: a test that compares well must
tell each of them from the right one.
"""

import json
import pathlib

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

CONFIG = {"model_type": "deepseek_v3", "vocab_size": 61, "hidden_size": 24, "num_hidden_layers": 2, "first_k_dense_replace": 1, "num_attention_heads": 2,
          "intermediate_size": 32, "moe_intermediate_size": 8, "n_routed_experts": 8, "num_experts_per_tok": 2, "n_shared_experts": 1, "q_lora_rank": 12,
          "kv_lora_rank": 8, "qk_nope_head_dim": 4, "qk_rope_head_dim": 4, "v_head_dim": 6, "rms_norm_eps": 1e-6, "rope_theta": 10000.0,
          "max_position_embeddings": 128, "hidden_act": "silu", "tie_word_embeddings": False, "attention_bias": False, "moe_layer_freq": 1,
          "scoring_func": "sigmoid", "topk_method": "noaux_tc", "routed_scaling_factor": 1.5, "norm_topk_prob": True, "n_group": 2, "topk_group": 1}
OPTIMIZER = {"name": "AdamW", "lr": 1e-3, "betas": [0.9, 0.95], "eps": 1e-8, "weight_decay": 0.1, "max_norm": 1.0, "load_balance_coeff": 1e-3,
             "steps": 6, "lr_schedule": "constant", "mtp_loss_factor": 0.3}
SEQUENCES, LENGTH = 4, 10
FAULTS = ["token_shifted", "target_shifted", "no_token_norm", "no_hidden_norm", "no_head_norm", "swapped", "before_final_norm", "own_count"]


def shapes(modules):
    c = CONFIG
    d, f, e = c["hidden_size"], c["moe_intermediate_size"], c["n_routed_experts"]
    heads, nope, rope, v = c["num_attention_heads"], c["qk_nope_head_dim"], c["qk_rope_head_dim"], c["v_head_dim"]
    all = {"model.embed_tokens.weight": (c["vocab_size"], d), "model.norm.weight": (d,), "lm_head.weight": (c["vocab_size"], d)}
    for layer in range(c["num_hidden_layers"] + modules):
        p = f"model.layers.{layer}."
        if layer >= c["num_hidden_layers"]:
            all |= {p + "enorm.weight": (d,), p + "hnorm.weight": (d,), p + "eh_proj.weight": (d, 2 * d), p + "shared_head.norm.weight": (d,)}
        all |= {p + "input_layernorm.weight": (d,), p + "post_attention_layernorm.weight": (d,),
                p + "self_attn.q_a_proj.weight": (c["q_lora_rank"], d), p + "self_attn.q_a_layernorm.weight": (c["q_lora_rank"],),
                p + "self_attn.q_b_proj.weight": (heads * (nope + rope), c["q_lora_rank"]),
                p + "self_attn.kv_a_proj_with_mqa.weight": (c["kv_lora_rank"] + rope, d), p + "self_attn.kv_a_layernorm.weight": (c["kv_lora_rank"],),
                p + "self_attn.kv_b_proj.weight": (heads * (nope + v), c["kv_lora_rank"]), p + "self_attn.o_proj.weight": (d, heads * v)}
        networks = {p + "mlp.": c["intermediate_size"]}
        if layer >= c["first_k_dense_replace"]:
            networks = {p + "mlp.shared_experts.": f} | {f"{p}mlp.experts.{i}.": f for i in range(e)}
            all[p + "mlp.gate.weight"] = (e, d)
        for name, hidden in networks.items():
            all |= {name + "gate_proj.weight": (hidden, d), name + "up_proj.weight": (hidden, d), name + "down_proj.weight": (d, hidden)}
    return all


class Model:
    def __init__(self, modules, fault=None):
        torch.manual_seed(5)
        self.modules, self.fault = modules, fault
        # Norms are far from 1, so that one too many or too few is seen. Values are those of single precision.
        self.w = {name: (0.6 + 0.8 * torch.rand(shape) if len(shape) == 1 else torch.randn(shape) * (0.8 if "embed" in name else shape[-1] ** -0.5))
                  .double().requires_grad_() for name, shape in shapes(modules).items()}
        self.routed = range(CONFIG["first_k_dense_replace"], CONFIG["num_hidden_layers"] + modules)
        self.bias = {layer: torch.zeros(CONFIG["n_routed_experts"]).double() for layer in self.routed}

    def norm(self, name, x):
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + CONFIG["rms_norm_eps"]) * self.w[name + ".weight"]

    def linear(self, name, x):
        return x @ self.w[name + ".weight"].T

    def rotate(self, x):
        """Adjacent pairs of the last dimension; x is (B, S, heads, rope)."""
        half = x.shape[-1] // 2
        angles = torch.arange(x.shape[1]).double()[:, None] * CONFIG["rope_theta"] ** (-torch.arange(half).double() / half)
        pairs = torch.view_as_complex(x.reshape(*x.shape[:-1], half, 2).contiguous())
        return torch.view_as_real(pairs * torch.polar(torch.ones_like(angles), angles)[None, :, None]).flatten(-2)

    def attention(self, p, x):
        c = CONFIG
        b, s, heads = x.shape[0], x.shape[1], c["num_attention_heads"]
        nope, rope, v = c["qk_nope_head_dim"], c["qk_rope_head_dim"], c["v_head_dim"]
        q = self.linear(p + "q_b_proj", self.norm(p + "q_a_layernorm", self.linear(p + "q_a_proj", x))).view(b, s, heads, nope + rope)
        latent, k_rope = self.linear(p + "kv_a_proj_with_mqa", x).split([c["kv_lora_rank"], rope], -1)
        kv = self.linear(p + "kv_b_proj", self.norm(p + "kv_a_layernorm", latent)).view(b, s, heads, nope + v)
        q = torch.cat([q[..., :nope], self.rotate(q[..., nope:])], -1)
        k = torch.cat([kv[..., :nope], self.rotate(k_rope[:, :, None]).expand(b, s, heads, rope)], -1)
        scores = torch.einsum("bshd,bthd->bhst", q, k) * (nope + rope) ** -0.5
        scores = scores.masked_fill(torch.ones(s, s).triu(1).bool(), float("-inf"))
        out = torch.einsum("bhst,bthd->bshd", scores.softmax(-1), kv[..., nope:])
        return self.linear(p + "o_proj", out.flatten(-2))

    def network(self, p, x):
        return self.linear(p + "down_proj", F.silu(self.linear(p + "gate_proj", x)) * self.linear(p + "up_proj", x))

    def experts(self, layer, x):
        c, p = CONFIG, f"model.layers.{layer}.mlp."
        rows = x.flatten(0, 1)
        scores = self.linear(p + "gate", rows).sigmoid()
        biased = scores + self.bias[layer]
        groups = biased.view(len(rows), c["n_group"], -1)
        kept = groups.topk(2).values.sum(-1).topk(c["topk_group"]).indices
        mask = torch.zeros(groups.shape[:2]).scatter(1, kept, 1)[..., None].expand_as(groups).flatten(1)
        ids = biased.detach().masked_fill(mask == 0, float("-inf")).topk(c["num_experts_per_tok"]).indices
        weights = scores.gather(1, ids)
        weights = weights / weights.sum(-1, keepdim=True) * c["routed_scaling_factor"]
        self.tokens[layer] = torch.bincount(ids.flatten(), minlength=c["n_routed_experts"])
        out = self.network(p + "shared_experts.", rows)
        for slot in range(ids.shape[1]):
            out = out + torch.stack([weights[t, slot] * self.network(f"{p}experts.{int(ids[t, slot])}.", rows[t]) for t in range(len(rows))])
        return out.view_as(x)

    def block(self, layer, x):
        p = f"model.layers.{layer}."
        h = x + self.attention(p + "self_attn.", self.norm(p + "input_layernorm", x))
        y = self.norm(p + "post_attention_layernorm", h)
        return h + (self.experts(layer, y) if layer in self.routed else self.network(p + "mlp.", y))

    def losses(self, ids, labels):
        """The logits, the mean loss of the model, and that of each module over the tokens that it predicts."""
        self.tokens = {}
        x = self.w["model.embed_tokens.weight"][ids]
        for layer in range(CONFIG["num_hidden_layers"]):
            x = self.block(layer, x)
        y = self.norm("model.norm", x)
        logits = self.linear("lm_head", y)
        main = F.cross_entropy(logits.flatten(0, 1), labels.flatten())
        predicted, s = [], ids.shape[1]
        hidden = x if self.fault == "before_final_norm" else y
        for k in range(1, self.modules + 1):
            p = f"model.layers.{CONFIG['num_hidden_layers'] + k - 1}."
            # The last k tokens have nothing to predict; what they read changes nothing but the counts of experts' tokens.
            shift = k + 1 if self.fault == "token_shifted" else k
            token = self.w["model.embed_tokens.weight"][ids[:, [min(i + shift, s - 1) for i in range(s)]]]
            token = token if self.fault == "no_token_norm" else self.norm(p + "enorm", token)
            hidden = hidden if self.fault == "no_hidden_norm" else self.norm(p + "hnorm", hidden)
            both = [hidden, token] if self.fault == "swapped" else [token, hidden]
            hidden = self.block(CONFIG["num_hidden_layers"] + k - 1, self.linear(p + "eh_proj", torch.cat(both, -1)))
            hidden = hidden if self.fault == "no_head_norm" else self.norm(p + "shared_head.norm", hidden)
            target = labels[:, k - 1:s - 1] if self.fault == "target_shifted" else labels[:, k:]
            predicted.append(F.cross_entropy(self.linear("lm_head", hidden[:, :s - k]).flatten(0, 1), target.flatten()))
        return logits, main, predicted

    def total(self, main, predicted):
        """Equations 24 and 25: each module's sum is divided by the length of the sequence, although it predicts fewer tokens."""
        factor = OPTIMIZER["mtp_loss_factor"] / (1 if self.fault == "own_count" else self.modules)
        shares = [1 if self.fault == "own_count" else (LENGTH - k - 1) / LENGTH for k in range(self.modules)]
        return main + factor * sum(loss * share for loss, share in zip(predicted, shares))


def golden(modules, fault=None):
    model = Model(modules, fault)
    tokens = torch.randint(CONFIG["vocab_size"], (SEQUENCES, LENGTH + 1), generator=torch.Generator().manual_seed(7))
    ids, labels = tokens[:, :-1].contiguous(), tokens[:, 1:].contiguous()
    out = {"input_ids": ids, "labels": labels} | {"param/" + name: w.detach().clone() for name, w in model.w.items()}
    out |= {f"param/model.layers.{layer}.mlp.gate.e_score_correction_bias": bias.clone() for layer, bias in model.bias.items()}
    o = OPTIMIZER
    adam = torch.optim.AdamW(model.w.values(), lr=o["lr"], betas=o["betas"], eps=o["eps"], weight_decay=o["weight_decay"])
    curves = {"train/loss": [], "train/grad_norm": [], "train/mtp_loss": []}
    for step in range(o["steps"]):
        logits, main, predicted = model.losses(ids, labels)
        adam.zero_grad()
        model.total(main, predicted).backward()
        for w in model.w.values():
            w.grad = torch.zeros_like(w) if w.grad is None else w.grad
        if step == 0:
            out |= {"logits": logits.detach(), "loss": main.detach()[None]} | {"grad/" + name: w.grad.clone() for name, w in model.w.items()}
            out |= {f"tokens_per_expert/{layer}": count for layer, count in model.tokens.items()}
        curves["train/loss"].append(main.item())
        curves["train/mtp_loss"].append([loss.item() for loss in predicted])
        curves["train/grad_norm"].append(torch.nn.utils.clip_grad_norm_(model.w.values(), o["max_norm"]).item())
        for layer, bias in model.bias.items():
            count = model.tokens[layer].double()
            delta = o["load_balance_coeff"] * torch.sign(count.mean() - count)
            bias += delta - delta.mean()
        adam.step()
    out |= {name: torch.tensor(values) for name, values in curves.items()} | {"train/param/" + name: w.detach() for name, w in model.w.items()}
    out |= {f"train/e_score_correction_bias/{layer}": bias for layer, bias in model.bias.items()}
    return {name: (t.float() if t.is_floating_point() else t.long()).contiguous() for name, t in out.items()}


def main():
    folder = (pathlib.Path(__file__).parent / "../resources/io/moe4j/tests/parity").resolve()
    for modules in [1, 2]:
        save_file(golden(modules), folder / f"mtp_{modules}.safetensors",
                  {"config": json.dumps(CONFIG | {"num_nextn_predict_layers": modules}), "optimizer": json.dumps(OPTIMIZER)})
    compared = ["train/mtp_loss", "grad/model.layers.2.enorm.weight", "grad/model.layers.2.hnorm.weight", "grad/model.embed_tokens.weight"]
    save_file({f"{fault}/{name}": tensor for fault in FAULTS for name, tensor in golden(1, fault).items() if name in compared},
              folder / "mtp_faults.safetensors")


if __name__ == "__main__":
    main()
