#!/usr/bin/env python3
"""The peer of `moe4j train` on several GPUs: torchtitan's own trainer, with the first layers of its 16B model, on the bytes of a text and with balanced routing. One process a GPU:

    python3 -m torch.distributed.run --nproc_per_node 2 torchtitan_train.py TORCHTITAN TEXT --backend minimal_async_ep

TORCHTITAN is a checkout; e20fe8a41 was measured. TEXT is a file. What torchtitan imports for its command line, its data sets and its type checks need not be installed (see torchtitan_imports.py).
Prints torchtitan's own lines; `tps` in them are tokens a second of one GPU, a mean since the line before.
"""

import argparse
import os
import pathlib
import sys
from dataclasses import dataclass

import torch
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard

import torchtitan_imports

VOCABULARY = 102400


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("torchtitan", help="a checkout of torchtitan")
    parser.add_argument("text", help="a file, whose bytes are the tokens; each sequence begins somewhere in it")
    parser.add_argument("--backend", default="minimal_async_ep", help="minimal_async_ep or standard (all-to-all)")
    parser.add_argument("--layers", type=int, default=4, help="how many of the 27 layers")
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--every", type=int, default=4, help="steps from one line to the next")
    return parser.parse_args()


def shard_by_module(model, dp_mesh, param_dtype, reduce_dtype, edp_mesh=None, **_):
    """Shards parameters as torchtitan does, but with routed experts, the last norm and the head as groups of their own: PyTorch 2.11 has one mesh for each group."""
    from torchtitan.distributed.fsdp import disable_fsdp_gradient_division

    policy = MixedPrecisionPolicy(param_dtype=param_dtype, reduce_dtype=reduce_dtype, cast_forward_inputs=False)
    fully_shard(model.tok_embeddings, mesh=dp_mesh, mp_policy=policy)
    units = []
    for block in model.layers.values():
        unit = [block]
        if getattr(block, "moe_enabled", False):
            fully_shard(block.moe.experts, mesh=edp_mesh, mp_policy=policy)
            unit.append(block.moe.experts)
        fully_shard(block, mesh=dp_mesh, mp_policy=policy)
        units.append(unit)
    last = [model.norm, model.lm_head]
    for module in last:
        fully_shard(module, mesh=dp_mesh, mp_policy=policy, reshard_after_forward=False)
    fully_shard(model, mesh=dp_mesh, mp_policy=policy)
    disable_fsdp_gradient_division(model)
    forward = [[model.tok_embeddings], *units, last]
    for unit, following in zip(forward, forward[1:]):
        unit[0].set_modules_to_forward_prefetch(following)
    backward = [[model.lm_head], *reversed(units), [model.tok_embeddings]]
    for unit, following in zip(backward, backward[1:]):
        unit[0].set_modules_to_backward_prefetch(following)


def mask(*given, separate_full_blocks=True, **named):
    """torchtitan's mask of attention, without an option that PyTorch 2.11 does not have, and in whose place it does the same."""
    from torchtitan.models.common.attention import create_attention_mask

    return create_attention_mask(*given, **named)


def bytes_of(text):
    """torchtitan's configurations of a tokenizer and of a loader, for batches of the text's bytes, each sequence one document."""
    from torchtitan.components.dataloader import BaseDataLoader
    from torchtitan.components.tokenizer import BaseTokenizer

    class NoTokenizer(BaseTokenizer):
        @dataclass(kw_only=True, slots=True)
        class Config(BaseTokenizer.Config):
            pass

        def __init__(self, config, **_):
            super().__init__()

        def encode(self, *args, **kwargs):
            raise NotImplementedError

        decode = encode

        def get_vocab_size(self):
            return VOCABULARY

    class Bytes(BaseDataLoader):
        @dataclass(kw_only=True, slots=True)
        class Config(BaseDataLoader.Config):
            pass

        def __init__(self, config, *, dp_rank, seq_len, local_batch_size, **_):
            self.batch, self.length, self.seed = local_batch_size, seq_len + 1, dp_rank

        def __iter__(self):
            generator = torch.Generator().manual_seed(self.seed)
            tokens_of_text = torch.frombuffer(bytearray(pathlib.Path(text).read_bytes()), dtype=torch.uint8).long()
            positions = torch.arange(self.length - 1).repeat(self.batch, 1)
            while True:
                starts = torch.randint(len(tokens_of_text) - self.length, (self.batch,), generator=generator)
                tokens = torch.stack([tokens_of_text[start: start + self.length] for start in starts])
                yield {"input": tokens[:, :-1].contiguous(), "positions": positions}, tokens[:, 1:].contiguous()

        def state_dict(self):
            return {}

        def load_state_dict(self, state):
            pass

    return NoTokenizer.Config(), Bytes.Config()


def trainer(given):
    import torchtitan.models.common.decoder as decoder
    import torchtitan.models.deepseek_v3.parallelize as parallelize
    from torchtitan.components.metrics import MetricsProcessor
    from torchtitan.config import ParallelismConfig
    from torchtitan.distributed.activation_checkpoint import FullAC
    from torchtitan.models.deepseek_v3 import config_registry, model_registry

    parallelize.apply_fsdp_to_decoder = shard_by_module
    decoder.create_attention_mask = mask
    ranks = int(os.environ["WORLD_SIZE"])
    config = config_registry.deepseek_v3_16b()
    config.model_spec = model_registry("16B", attn_backend="flex", moe_comm_backend=given.backend)
    config.model_spec.model.layers = config.model_spec.model.layers[: given.layers]
    config_registry.enable_fused_swiglu(config)
    config.parallelism = ParallelismConfig(data_parallel_shard_degree=ranks, expert_parallel_degree=ranks, enable_sequence_parallel=False)
    config.activation_checkpoint = FullAC.Config()
    config.tokenizer, config.dataloader = bytes_of(given.text)
    config.metrics = MetricsProcessor.Config(log_freq=given.every)
    config.training.steps = given.steps
    config.checkpoint.enable = False
    config.debug.moe_force_load_balance = True
    return config.build()


def main():
    given = options()
    sys.path.insert(0, given.torchtitan)
    torchtitan_imports.prepare("torchtitan.trainer", "torchtitan.models.deepseek_v3.config_registry", "torchtitan.overrides.fused_swiglu")
    from torchtitan.tools.logging import init_logger

    init_logger()
    running = trainer(given)
    try:
        running.train()
    finally:
        running.close()
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main()
