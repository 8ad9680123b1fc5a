"""Golden values of a U-Net with multi-scale supervision: outputs, gradients, three Adam steps.

usage: unet_mss.py > unet_mss.json        needs PyTorch (any recent version, CPU)
Weights, input and targets come from an integer hash that the Swift test computes as well, so that only samples of the
results need to be stored. Computed in double precision; `single` holds the largest errors of PyTorch's own single
precision on the same problem (ReLU and max-pooling make gradients jump where a rounding error changes a sign).
"""
import json
import torch
from torch import nn

from hashed import noise


def block(cin, cout, slope):
    act = nn.LeakyReLU(slope)
    return nn.Sequential(nn.Conv3d(cin, cout, 3, padding=1), nn.BatchNorm3d(cout), act,
                         nn.Conv3d(cout, cout, 3, padding=1), nn.BatchNorm3d(cout), act)


class UNetMSS(nn.Module):
    def __init__(self, width, slope):
        super().__init__()
        f = [width * 2 ** i for i in range(5)]
        self.pool = nn.MaxPool3d(2)
        self.enc = nn.ModuleList([block(a, b, slope) for a, b in zip([1] + f[:4], f)])
        self.up = nn.ModuleList([nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv3d(f[i + 1], f[i], 3, padding=1),
                                               nn.BatchNorm3d(f[i]), nn.LeakyReLU(slope)) for i in (3, 2, 1, 0)])
        self.dec = nn.ModuleList([block(2 * f[i], f[i], slope) for i in (3, 2, 1, 0)])
        self.head0, self.head1, self.head2 = (nn.Conv3d(f[i], 1, 1) for i in (0, 1, 2))

    def forward(self, x):
        skips = []
        for i, layer in enumerate(self.enc):
            x = layer(x if i == 0 else self.pool(x))
            skips.append(x)
        maps = []
        for i in range(4):
            x = self.dec[i](torch.cat((skips[3 - i], self.up[i](x)), 1))
            maps.append(x)
        return self.head0(maps[3]), self.head1(maps[2]), self.head2(maps[1])


def samples(name, tensor, count):
    flat = tensor.detach().reshape(-1)
    step = max(1, flat.numel() // count)
    return [float(f"{v:.9g}") for v in flat[::step][:count].tolist()]


def run(width, side, slope, batch, dtype):
    net = UNetMSS(width, slope)
    with torch.no_grad():
        for name, p in net.named_parameters():
            fan = p[0].numel() if p.dim() > 1 else 1
            value = noise(name, p.numel()).reshape(p.shape)
            if p.dim() > 1:
                p.copy_(value.float() * torch.tensor(3.0 / fan, dtype=torch.float64).sqrt().float())
            else:
                p.copy_(value.float() * 0.25 + (1 if name.endswith("1.weight") or name.endswith("2.weight")
                                                or name.endswith("4.weight") else 0))
    net = net.to(dtype)
    x = noise("input", batch * side**3).reshape(batch, 1, side, side, side).to(dtype)
    adam = torch.optim.Adam(net.parameters(), lr=1e-3)
    result = {"width": width, "side": side, "slope": slope, "batch": batch}
    losses = []
    for step in range(3):
        adam.zero_grad()
        outputs = net(x)
        loss = 0
        for i, out in enumerate(outputs):
            target = noise(f"target{i}", out.numel()).reshape(out.shape).to(dtype)
            loss = loss + ((out - target) ** 2).mean()
        loss.backward()
        losses.append(loss.item())
        if step == 0:
            result["outputs"] = [samples("", out, 24) for out in outputs]
            result["gradients"] = {n: samples(n, p.grad, 12) for n, p in net.named_parameters()}
            result["norms"] = {n: float(f"{p.grad.norm():.9g}") for n, p in net.named_parameters()}
        adam.step()
    result["losses"] = losses
    result["parameters"] = {n: samples(n, p, 12) for n, p in net.named_parameters()}
    result["means"] = {n: samples(n, b, 4) for n, b in net.named_buffers() if "running" in n}
    net.eval()
    result["inference"] = [samples("", out, 24) for out in net(x)]
    return result


def error(a, b):
    a, b = torch.tensor(a).double(), torch.tensor(b).double()
    return float((a - b).norm() / b.norm())


def idle(name):
    """Biases before a batch normalisation: their gradient is rounding noise."""
    return name.endswith((".0.bias", ".3.bias")) or (name.startswith("up") and name.endswith(".1.bias"))


def case(*shape):
    exact, single = run(*shape, torch.float64), run(*shape, torch.float32)
    def worst(key):
        a, b = single[key], exact[key]
        names = [n for n in a if not idle(n)] if isinstance(a, dict) else range(len(a))
        return float(f"{max(error(a[n], b[n]) for n in names):.3g}")
    exact["single"] = {k: worst(k) for k in ("outputs", "gradients", "losses", "parameters", "means", "inference")}
    return exact


print(json.dumps([case(8, 32, 0.0, 1), case(4, 32, 0.01, 2), case(16, 64, 0.0, 1)]))
