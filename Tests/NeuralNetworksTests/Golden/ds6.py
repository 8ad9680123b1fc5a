"""A checkpoint as the authors of DS6 and SPOCKMIP publish it, with random weights at small width, and what it computes.

usage: ds6.py               writes ds6.safetensors and ds6-pointwise.safetensors; needs: pip install torch safetensors

Written from the published architecture's description and tensor names: convolution blocks `ConvL.conv`, up-convolutions `UpL.up`,
decoder blocks `Up_convL.conv`, heads `Conv_d3` and `Conv_d4`, last layer `Conv`; volumes as N C k i j.
The input and the outputs are stored in the order k, j, i of this package. Float16 keeps the files small; the weights are rounded to
it before the outputs are computed.
"""
import torch
from safetensors.torch import save_file
from torch import nn

torch.manual_seed(5)


def activation(slope):
    return nn.LeakyReLU(slope) if slope else nn.ReLU()


class Block(nn.Module):
    def __init__(self, i, o, slope):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv3d(i, o, 3, padding=1), nn.BatchNorm3d(o), activation(slope),
                                  nn.Conv3d(o, o, 3, padding=1), nn.BatchNorm3d(o), activation(slope))

    def forward(self, x):
        return self.conv(x)


class Up(nn.Module):
    def __init__(self, i, o, slope):
        super().__init__()
        self.up = nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv3d(i, o, 3, padding=1), nn.BatchNorm3d(o),
                                activation(slope))

    def forward(self, x):
        return self.up(x)


class Published(nn.Module):
    def __init__(self, width, slope, head):
        super().__init__()
        f = [width * 2 ** i for i in range(5)]
        self.pool = nn.MaxPool3d(2)
        for level, (i, o) in enumerate(zip([1] + f[:4], f), 1):
            setattr(self, f"Conv{level}", Block(i, o, slope))
        for level in (5, 4, 3, 2):
            setattr(self, f"Up{level}", Up(f[level - 1], f[level - 2], slope))
            setattr(self, f"Up_conv{level}", Block(2 * f[level - 2], f[level - 2], slope))
        self.Conv = nn.Conv3d(f[0], 1, 1)
        self.Conv_d3, self.Conv_d4 = head(f[1]), head(f[2])

    def forward(self, x):
        skips = [self.Conv1(x)]
        for level in (2, 3, 4, 5):
            skips.append(getattr(self, f"Conv{level}")(self.pool(skips[-1])))
        x, found = skips.pop(), {}
        for level in (5, 4, 3, 2):
            x = torch.cat((skips.pop(), getattr(self, f"Up{level}")(x)), 1)
            x = found[level] = getattr(self, f"Up_conv{level}")(x)
        return self.Conv(x), self.Conv_d3(found[3]), self.Conv_d4(found[4])


def make(file, width, slope, head, prefix):
    net = Published(width, slope, head)
    with torch.no_grad():
        for name, t in net.state_dict().items():
            if name.endswith("running_var"):
                t.uniform_(0.5, 2)
            elif t.is_floating_point():
                t.normal_(1 if name.endswith((".1.weight", ".2.weight", ".4.weight")) and t.dim() == 1 else 0,
                          0.25 if t.dim() == 5 else 0.1)
            if t.is_floating_point():
                t.copy_(t.half().float())
    net.eval().double()
    x = torch.randn(1, 1, 16, 32, 16).half().double()
    with torch.no_grad():
        outputs = net(x)
    half = {prefix + n: (t.half() if t.is_floating_point() else t) for n, t in net.state_dict().items()}
    swap = lambda t: t.transpose(-1, -2).contiguous()
    half["test.input"] = swap(x).half()
    for i, o in enumerate(outputs):
        half[f"test.output{i}"] = swap(o).float()[..., ::2].contiguous() if i == 0 else swap(o).float()
    save_file(half, file)


make("ds6.safetensors", 2, 0.0, lambda c: Block(c, 1, 0.0), "model.module.")
make("ds6-pointwise.safetensors", 1, 0.01, lambda c: nn.Conv3d(c, 1, 1), "")
