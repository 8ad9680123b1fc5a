"""The U-Net with multi-scale supervision in PyTorch, its parameters named as Malpighi names them."""

import torch
from torch import nn
from torch.nn import functional


class Convolutions(nn.Module):
    """Two 3x3x3 convolutions, each followed by batch normalisation and ReLU."""

    def __init__(self, inputs, channels):
        super().__init__()
        self.conv1, self.norm1 = nn.Conv3d(inputs, channels, 3, padding=1), nn.BatchNorm3d(channels)
        self.conv2, self.norm2 = nn.Conv3d(channels, channels, 3, padding=1), nn.BatchNorm3d(channels)

    def forward(self, x):
        x = functional.relu(self.norm1(self.conv1(x)), inplace=True)
        return functional.relu(self.norm2(self.conv2(x)), inplace=True)


class UpConvolution(nn.Module):
    """Nearest-neighbour up-sampling by 2, a 3x3x3 convolution, batch normalisation and ReLU."""

    def __init__(self, inputs, channels):
        super().__init__()
        self.conv, self.norm = nn.Conv3d(inputs, channels, 3, padding=1), nn.BatchNorm3d(channels)

    def forward(self, x):
        x = functional.interpolate(x, scale_factor=2, mode="nearest")
        return functional.relu(self.norm(self.conv(x)), inplace=True)


class Decoder(Convolutions):
    """Up-sampling, then the two convolutions of the joined maps."""

    def __init__(self, inputs, channels):
        super().__init__(2 * channels, channels)
        self.up = UpConvolution(inputs, channels)

    def forward(self, x, skip):
        return super().forward(torch.cat((skip, self.up(x)), dim=1))


class UNetMSS(nn.Module):
    """N 1 D H W, sides divisible by 16, to logits at full, half and quarter resolution; only the full one if `coarse` is False."""

    def __init__(self, width, coarse=True):
        super().__init__()
        channels = [1] + [width << level for level in range(5)]
        for level in range(1, 6):
            self.add_module(f"encoder{level}", Convolutions(channels[level - 1], channels[level]))
        for level in range(4, 0, -1):
            self.add_module(f"decoder{level}", Decoder(channels[level + 1], channels[level]))
        self.heads = [1, 2, 3] if coarse else [1]
        for level in self.heads:
            self.add_module(f"head{level}", nn.Conv3d(channels[level], 1, 1))

    def forward(self, x):
        part = self.get_submodule
        encoded = [part("encoder1")(x)]
        for level in range(2, 6):
            encoded.append(part(f"encoder{level}")(functional.max_pool3d(encoded[-1], 2)))
        x, decoded = encoded[4], {}
        for level in range(4, 0, -1):
            x = decoded[level] = part(f"decoder{level}")(x, encoded[level - 1])
        return [part(f"head{level}")(decoded[level]) for level in self.heads]
