"""Golden values of Attention U-Net and EfficientNet-B1: outputs, gradients, three Adam steps, inference.

usage: networks.py > networks.json        needs: pip install torch torchvision
Weights, input and targets come from an integer hash that the Swift test computes as well, so that only samples of the
results need to be stored. Computed in double precision; `deviation` is how far PyTorch's own gradients in single precision lie
from that (the worst parameter's relative error): where a rounding error takes a ReLU across its kink, the gradient
jumps. EfficientNet is torchvision's; Attention U-Net is written from its
description, with the tensor names of this package.
"""
import json
import torch
import torch.nn.functional as F
import torchvision
from torch import nn

from hashed import noise


def samples(name, tensor, count):
    flat = tensor.detach().reshape(-1)
    step = max(1, flat.numel() // count)
    return [float(f"{v:.9g}") for v in flat[::step][:count].tolist()]


def conv_norm(i, o, kernel, names=("conv", "norm")):
    return nn.ModuleDict({names[0]: nn.Conv3d(i, o, kernel, padding=kernel // 2), names[1]: nn.BatchNorm3d(o)})


def run(stage, x, names=("conv", "norm")):
    return stage[names[1]](stage[names[0]](x))


def block(i, o):
    return nn.ModuleDict({"conv1": nn.Conv3d(i, o, 3, padding=1), "norm1": nn.BatchNorm3d(o),
                          "conv2": nn.Conv3d(o, o, 3, padding=1), "norm2": nn.BatchNorm3d(o)})


def run_block(stage, x):
    for index in "12":
        x = F.relu(run(stage, x, ("conv" + index, "norm" + index)))
    return x


class AttentionUNet(nn.Module):
    def __init__(self, width, levels):
        super().__init__()
        self.levels = levels
        f = [width * 2 ** i for i in range(levels)]
        for level, (i, o) in enumerate(zip([1] + f[:-1], f), 1):
            setattr(self, f"encoder{level}", block(i, o))
        for level in range(levels - 1, 0, -1):
            o, inner = f[level - 1], f[level - 1] // 2
            stage = block(2 * o, o)
            stage["up"] = conv_norm(2 * o, o, 3)
            stage["attention"] = nn.ModuleDict({"gate": conv_norm(o, inner, 1), "skip": conv_norm(o, inner, 1),
                                                "weight": conv_norm(inner, 1, 1)})
            setattr(self, f"decoder{level}", stage)
        self.head1 = nn.Conv3d(width, 1, 1)

    def forward(self, x):
        skips = []
        for level in range(1, self.levels + 1):
            x = run_block(getattr(self, f"encoder{level}"), F.max_pool3d(x, 2) if level > 1 else x)
            skips.append(x)
        skips.pop()
        for level in range(self.levels - 1, 0, -1):
            stage = getattr(self, f"decoder{level}")
            up = F.relu(run(stage["up"], F.interpolate(x, scale_factor=2)))
            skip, gate = skips.pop(), stage["attention"]
            q = F.relu(run(gate["gate"], up) + run(gate["skip"], skip))
            skip = skip * torch.sigmoid(run(gate["weight"], q))
            x = run_block(stage, torch.cat((skip, up), 1))
        return self.head1(x)


def initialise(net, dtype):
    net = net.to(dtype).train()
    with torch.no_grad():
        for key, p in net.named_parameters():
            value = noise(key, p.numel()).reshape(p.shape).float()
            if p.dim() > 1:
                p.copy_(value * torch.tensor(3.0 / p[0].numel()).sqrt())
            else:
                p.copy_(value * 0.25 + (1 if key.endswith(".weight") else 0))
        for key, b in net.named_buffers():
            if "running" in key:
                b.copy_(noise(key, b.numel()).float() * 0.25 + (1 if key.endswith("var") else 0))
    return net


def case(name, make, shape, loss):
    x = noise("input", torch.Size(shape).numel()).reshape(shape).float()
    single = initialise(make(), torch.float)
    loss(single(x)).backward()
    net, x = initialise(make(), torch.double), x.double()
    result = {"name": name, "shape": list(shape), "losses": []}
    net.eval()
    with torch.no_grad():
        result["inference"] = samples("", net(x), 48)
    net.train()
    adam = torch.optim.Adam(net.parameters(), lr=1e-3)
    for step in range(3):
        adam.zero_grad()
        output = net(x)
        value = loss(output)
        value.backward()
        result["losses"].append(value.item())
        if step == 0:
            result["output"] = samples("", output, 48)
            result["gradients"] = {n: samples(n, p.grad, 6) for n, p in net.named_parameters()}
            result["norms"] = {n: float(f"{p.grad.norm():.9g}") for n, p in net.named_parameters()}
            result["statistics"] = {n: samples(n, b, 2) for n, b in net.named_buffers() if "running" in n}
            top = max(result["norms"].values())
            result["deviation"] = sorted(((p.grad - q.grad).norm() / p.grad.norm()).item()
                                         for p, q in zip(net.parameters(), single.parameters())
                                         if p.grad.norm() > 1e-6 * top)[-1]
        adam.step()
    result["parameters"] = {n: samples(n, p, 6) for n, p in net.named_parameters()}
    return result


def squared_error(output):
    target = noise("target", output.numel()).reshape(output.shape).to(output.dtype)
    return ((output - target) ** 2).mean()


def smoothed_cross_entropy(output):
    return F.cross_entropy(output, torch.arange(output.shape[0]) * 5 % output.shape[1], label_smoothing=0.1)


def b1():
    return torchvision.models.efficientnet_b1(num_classes=12, dropout=0.0, stochastic_depth_prob=0.0)


if __name__ == "__main__":
    print(json.dumps([
        case("attention U-Net of three levels", lambda: AttentionUNet(4, 3), (1, 1, 16, 16, 16), squared_error),
        case("attention U-Net", lambda: AttentionUNet(8, 5), (1, 1, 32, 32, 32), squared_error),
        case("EfficientNet-B1", b1, (4, 3, 80, 80), smoothed_cross_entropy)]))
