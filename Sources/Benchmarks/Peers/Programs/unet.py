"""One training step and one inference of the U-Net with multi-scale supervision, in the faster of PyTorch's memory formats."""

import argparse

import peer

(torch,) = peer.packages("torch")

from network import UNetMSS  # noqa: E402

options = argparse.ArgumentParser()
for name in ("width", "side", "batch", "threads"):
    options.add_argument(f"--{name}", type=int, required=True)
options.add_argument("--bf16", action="store_true", help="bf16 beside f32")
given = options.parse_args()
torch.set_num_threads(given.threads)
torch.manual_seed(1)

shape = (given.batch, 1) + (given.side,) * 3
image = torch.randn(shape)
label = (torch.rand(shape) < 0.05).float()
# Each coarse voxel stands for the voxels of the label that it covers.
labels = [label] + [torch.nn.functional.avg_pool3d(label, factor) for factor in (2, 4)]


def focal_tversky(logits, target, covered):
    """The loss of DS6: alpha 0.7, gamma 0.75, smoothing 1."""
    predicted = logits.float().sigmoid()
    true, found, sought = ((v * covered).sum() for v in (predicted * target, predicted, target))
    index = (true + 1) / (0.7 * sought + 0.3 * found + 1)
    return (1 - index).clamp_min(1e-6) ** 0.75


class Side:
    """One network in one memory format and precision."""

    def __init__(self, layout, half):
        self.half = half
        self.network = UNetMSS(given.width).to(memory_format=layout)
        self.image = image.contiguous(memory_format=layout)
        self.optimizer = torch.optim.Adam(self.network.parameters(), 1e-4)

    def cast(self):
        return torch.autocast("cpu", torch.bfloat16, enabled=self.half)

    def train(self):
        self.network.train()
        self.optimizer.zero_grad()
        with self.cast():
            outputs = self.network(self.image)
        terms = zip((1, 0.66, 0.34), outputs, labels, (1, 8, 64))
        sum(weight * focal_tversky(*term) for weight, *term in terms).backward()
        self.optimizer.step()

    def infer(self):
        self.network.eval()
        with torch.inference_mode(), self.cast():
            self.network(self.image)


def fastest(job, half):
    """The job in the memory format in which it takes less time."""
    sides = [Side(layout, half) for layout in (torch.contiguous_format, torch.channels_last_3d)]
    for side in sides:
        getattr(side, job)()
    return getattr(min(sides, key=lambda side: peer.seconds(getattr(side, job))[0]), job)


jobs = {
    f"{what}, {precision}": fastest(job, precision == "bf16")
    for precision in (("f32", "bf16") if given.bf16 else ("f32",))
    for what, job in (("training step", "train"), ("inference", "infer"))
}
peer.serve([torch], round=lambda: {"seconds": {name: peer.seconds(job)[0] for name, job in jobs.items()}})
