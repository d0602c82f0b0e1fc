"""Makes ../resources/io/moe4j/trainer/update/optimizers.safetensors: what PyTorch's optimizers and schedules make of random gradients.

    python make_optimizers.py      # needs torch 2.13 or later (torch.optim.Muon) and safetensors

Tensors: NAME.start and NAME.gradients (steps first), and for each way of updating NAME.WAY.final. `fp32` is torch.optim.Muon with its iteration in single
precision, `bf16` as it is. Schedules: schedule.NAME has the rates of all steps.
"""

import pathlib

import torch
from safetensors.torch import save_file

STEPS = 4
muon = torch.optim._muon
published = muon._zeropower_via_newtonschulz


def single_precision(grad, ns_coefficients, ns_steps, eps):
    """The published iteration without its conversion to bfloat16."""
    a, b, c = ns_coefficients
    x = grad.float()
    if grad.size(0) > grad.size(1):
        x = x.T
    x = x / x.norm().clamp(min=eps)
    for _ in range(ns_steps):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if grad.size(0) > grad.size(1) else x


def trained(start, gradients, make):
    parameters = [torch.nn.Parameter(start.clone())]
    optimizer = make(parameters)
    for gradient in gradients:
        parameters[0].grad = gradient.clone()
        optimizer.step()
    return parameters[0].detach().contiguous()


def schedule(make, steps):
    parameters = [torch.nn.Parameter(torch.zeros(1))]
    optimizer = torch.optim.SGD(parameters, lr=1.0)
    scheduler = make(optimizer)
    rates = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return torch.tensor(rates, dtype=torch.float32)


def main():
    torch.manual_seed(7)
    tensors = {}
    for name, shape in {"wide": (12, 40), "tall": (48, 16), "square": (24, 24), "row": (1, 8)}.items():
        start = torch.randn(shape) * 0.02
        gradients = torch.randn(STEPS, *shape)
        tensors[name + ".start"] = start
        tensors[name + ".gradients"] = gradients
        for way, iteration in {"fp32": single_precision, "bf16": published}.items():
            muon._zeropower_via_newtonschulz = iteration
            for scale in ["original", "match_rms_adamw"]:
                tensors[f"{name}.{way}.{scale}.final"] = trained(start, gradients, lambda p: torch.optim.Muon(
                    p, lr=0.02, weight_decay=0.1, momentum=0.95, nesterov=True, adjust_lr_fn=scale))
            tensors[f"{name}.{way}.plain.final"] = trained(start, gradients, lambda p: torch.optim.Muon(
                p, lr=0.02, weight_decay=0.0, momentum=0.9, nesterov=False, ns_steps=3))
        for way, decay in {"decays": 0.1, "stays": 0.0}.items():
            tensors[f"{name}.{way}.final"] = trained(start, gradients, lambda p: torch.optim.AdamW(
                p, lr=2e-3, betas=(0.9, 0.95), eps=1e-8, weight_decay=decay))
    lr = torch.optim.lr_scheduler

    def after_warmup(optimizer, then, warmup):
        rise = lr.LinearLR(optimizer, start_factor=1 / warmup, end_factor=1.0, total_iters=warmup - 1)
        return lr.SequentialLR(optimizer, [rise, then], milestones=[warmup])

    steps = 40
    tensors["schedule.linear"] = schedule(lambda o: after_warmup(
        o, lr.LinearLR(o, start_factor=1.0, end_factor=0.1, total_iters=steps - 5), 5), steps)
    tensors["schedule.cosine"] = schedule(lambda o: after_warmup(
        o, lr.CosineAnnealingLR(o, T_max=steps - 5, eta_min=0.1), 5), steps)
    tensors["schedule.constant"] = schedule(lambda o: after_warmup(o, lr.ConstantLR(o, factor=1.0), 5), steps)
    # Warm-up, stable, decay as torchtitan 0.2 computes them: the decay of the last 12 steps in each form.
    forms = {"linear": lambda done: 1 - done, "sqrt": lambda done: 1 - done**0.5,
             "cosine": lambda done: 0.5 * (1 + float(torch.cos(torch.tensor(torch.pi * done, dtype=torch.float64))))}
    for name, form in forms.items():
        def factor(step, form=form):
            if step < 5:
                return (step + 1) / 5
            done = max(0, step - (steps - 12)) / 12
            return 0.1 + 0.9 * form(done)
        tensors[f"schedule.stable_{name}"] = schedule(lambda o: lr.LambdaLR(o, factor), steps)
    out = pathlib.Path(__file__).parent / "../resources/io/moe4j/trainer/update/optimizers.safetensors"
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, out.resolve())


if __name__ == "__main__":
    main()
