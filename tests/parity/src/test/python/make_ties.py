"""Makes ../resources/io/moe4j/tests/parity/ties.json: which experts a gate chooses where scores and groups are equal.

    python make_ties.py     # needs torch; with torch 2.13 it writes the same file again

torch.topk does not say which of equal elements it takes: "the indices of tied elements are not guaranteed to be stable and may vary across different
invocations" (its documentation, torch 2.13). So implementations that call it, as DeepSeek's and transformers' do, have no defined choice there. moe4j's
rule is the lower index, for experts and for groups. Here it is written with torch.sort(stable=True), which keeps the order of equal elements, and what torch
does define is asserted: topk of the same numbers has the same values. main() prints how often its indices are others.

Scores and biases are whole numbers of 1/64, so that sums are exact in fp32 and tie often, also those of different summands.
"""

import json
import pathlib

import torch

UNIT = 64
# name, experts, groups, kept groups, experts per token, value of a group: those of DeepSeek-V3, of V2, of the 16B model, and a small one.
GATES = [
    ("v3", 256, 8, 4, 8, "top_two"),
    ("v2", 160, 8, 3, 6, "largest"),
    ("ungrouped", 64, 1, 1, 6, "top_two"),
    ("small", 12, 4, 2, 3, "top_two"),
]
# Whether experts tie for the last place, and groups for theirs.
KINDS = [(True, False), (False, True), (True, True)]
TOKENS = 6  # of each gate and kind


def first(values, count):
    """The `count` largest of each row, the lower index first among equal ones; and the asserted agreement with topk."""
    ids = torch.sort(values, dim=-1, descending=True, stable=True).indices[..., :count]
    top = values.topk(count, -1)
    assert torch.equal(top.values, values.gather(-1, ids))
    return ids, top.indices


def tie(values, count):
    """Whether the last of `count` chosen values equals the first that is not."""
    top = values.topk(min(count + 1, values.numel())).values
    return values.numel() > count and bool(top[count - 1] == top[count])


def choose(choice, groups, kept, top_k, value):
    """Ids by the rule, whether experts and groups tie, and whether torch.topk alone chooses others."""
    groups_of = choice.view(groups, -1)
    worth = groups_of.max(-1).values if value == "largest" else groups_of.topk(2, -1).values.sum(-1)
    group_ids, topk_groups = first(worth, kept)

    def masked(ids):
        return groups_of.masked_fill(~torch.zeros(groups, 1, dtype=torch.bool).index_fill(0, ids, True), float("-inf")).flatten()

    ids, _ = first(masked(group_ids), top_k)
    differs = set(masked(topk_groups).topk(top_k).indices.tolist()) != set(ids.tolist())
    return ids, tie(masked(group_ids), top_k), groups > 1 and tie(worth, kept), differs


def main():
    torch.manual_seed(8)
    cases, tokens, differ = [], 0, 0
    for name, experts, groups, kept, top_k, value in GATES:
        bias = torch.randint(-8, 9, (experts,))
        rows = []
        for experts_tie, groups_tie in KINDS if groups > 1 else KINDS[:1]:
            found = 0
            while found < TOKENS:
                score = torch.randint(8, 56, (experts,))
                # Sums of few levels tie often: the level of each expert is what is left of its score and bias.
                levels = torch.randint(20, 24 + 4 * int(torch.randint(0, 4, ())), (experts,))
                score = torch.where(torch.rand(experts) < 0.8, levels - bias, score)
                ids, one, other, differs = choose((score + bias).float() / UNIT, groups, kept, top_k, value)
                if (one, other) == (experts_tie, groups_tie):
                    rows.append({"scores": score.tolist(), "ids": ids.tolist()})
                    found += 1
                    tokens += 1
                    differ += differs
        cases.append({"name": name, "experts": experts, "groups": groups, "kept": kept, "topK": top_k, "value": value,
                      "bias": bias.tolist(), "tokens": rows})
    path = pathlib.Path(__file__).parent.parent / "resources/io/moe4j/tests/parity/ties.json"
    path.write_text(json.dumps({"torch": torch.__version__, "unit": UNIT, "cases": cases}, separators=(",", ":")) + "\n")
    print(f"{path.stat().st_size} bytes; torch.topk chooses other experts for {differ} of {tokens} tokens")


main()
