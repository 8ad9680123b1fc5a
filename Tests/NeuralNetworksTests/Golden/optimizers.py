"""Golden steps of the optimisers, from torch.optim.

usage: optimizers.py        writes optimizers.safetensors; needs: pip install torch safetensors

Muon's reference is written out here in double, since torch.optim.Muon iterates in bfloat16; the script checks that the two
agree as far as bfloat16 allows.
"""
import torch
from safetensors.torch import save_file

torch.manual_seed(11)
shapes = {"conv.weight": (7, 2, 3, 3), "conv.bias": (7,), "norm.weight": (7,), "norm.bias": (7,),
          "head.weight": (5, 7), "head.bias": (5,)}
start = {name: torch.randn(shape) for name, shape in shapes.items()}
gradients = [{name: torch.randn(shape) * 10 ** (step - 2) for name, shape in shapes.items()} for step in range(5)]
tensors = {f"start/{n}": t for n, t in start.items()}
for step, gradient in enumerate(gradients):
    tensors |= {f"gradient{step}/{n}": t for n, t in gradient.items()}


def groups(parameters, decay):
    return [{"params": [p for p in parameters.values() if p.dim() > 1], "weight_decay": decay},
            {"params": [p for p in parameters.values() if p.dim() == 1], "weight_decay": 0.0}]


def run(name, make):
    parameters = {n: torch.nn.Parameter(t.double()) for n, t in start.items()}
    optimizer = make(parameters)
    for step, gradient in enumerate(gradients):
        for n, p in parameters.items():
            p.grad = gradient[n].double()
        optimizer.step()
        tensors.update({f"{name}{step}/{n}": p.detach().float().clone() for n, p in parameters.items()})


class Muon:
    """Orthogonalised momentum for weights, AdamW for the rest; the last layer's weight counts among the rest."""

    def __init__(self, parameters, exact=True):
        self.matrices = {n: p for n, p in parameters.items() if n == "conv.weight"}
        rest = [p for n, p in parameters.items() if n not in self.matrices]
        self.rest = torch.optim.AdamW(rest, 0.02, weight_decay=0)
        self.momentum = {n: torch.zeros_like(p) for n, p in self.matrices.items()}

    def step(self):
        for n, p in self.matrices.items():
            self.momentum[n].lerp_(p.grad, 1 - 0.95)
            x = p.grad.lerp(self.momentum[n], 0.95).reshape(p.shape[0], -1)
            update = orthogonal(x)
            with torch.no_grad():
                p.mul_(1 - 0.02 * 0.1)
                p.sub_(0.02 * max(1, x.shape[0] / x.shape[1]) ** 0.5 * update.reshape(p.shape))
        self.rest.step()


def orthogonal(x):
    x = x / x.norm().clamp_min(1e-7)
    for _ in range(5):
        a = x @ x.T
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return x


tall = torch.randn(9, 4)
tensors["tall"] = tall
tensors["tall orthogonal"] = orthogonal(tall.double().T).T.float().contiguous()
p = torch.nn.Parameter(torch.zeros(4, 9))
p.grad = tall.T.clone()
torch.optim.Muon([p], lr=1.0, weight_decay=0, momentum=0.0, nesterov=False).step()
error = (-p.detach().T - tensors["tall orthogonal"]).abs().max()
assert error < 0.03, error

run("adam", lambda q: torch.optim.Adam(q.values(), 0.02))
run("adamw", lambda q: torch.optim.AdamW(groups(q, 0.1), 0.02, betas=(0.8, 0.95), eps=1e-6))
run("sgd", lambda q: torch.optim.SGD(groups(q, 0.01), 0.02, momentum=0.9))
run("nesterov", lambda q: torch.optim.SGD(groups(q, 0.01), 0.02, momentum=0.9, nesterov=True))
run("muon", Muon)
norm = torch.stack([g.norm() for g in gradients[4].values()]).norm()
save_file(tensors, "optimizers.safetensors", {"norm": f"{norm.item():.9g}"})
