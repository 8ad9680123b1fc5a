"""Sliding-window inference over a volume with MONAI, with weights that Malpighi wrote."""

import argparse

import peer

torch, monai, nibabel, numpy, safetensors = peer.packages("torch", "monai", "nibabel", "numpy", "safetensors")

from monai.inferers import sliding_window_inference  # noqa: E402
from safetensors.torch import load_file  # noqa: E402

from network import UNetMSS  # noqa: E402

options = argparse.ArgumentParser()
options.add_argument("volume")
options.add_argument("--weights", required=True)
for name in ("width", "roi", "threads"):
    options.add_argument(f"--{name}", type=int, required=True)
options.add_argument("--overlap", type=float, required=True)
options.add_argument("--bf16", action="store_true")
given = options.parse_args()
torch.set_num_threads(given.threads)

layout = torch.channels_last_3d
network = UNetMSS(given.width, coarse=False)
weights = load_file(given.weights)
wanted = network.state_dict()
network.load_state_dict({name: weights.get(name, wanted[name]) for name in wanted})
absent = [name for name in wanted if name not in weights and not name.endswith("num_batches_tracked")]
if absent:
    raise SystemExit(f"{given.weights}: no {', '.join(absent)}")
network = network.eval().to(memory_format=layout)

values = nibabel.load(given.volume).get_fdata(dtype=numpy.float32)
latest = None


def predict(windows):
    return network(windows.contiguous(memory_format=layout))[0].float()


def infer():
    """Logits of the whole volume, axes k j i."""
    image = torch.from_numpy(numpy.ascontiguousarray(((values - values.mean()) / values.std()).transpose(2, 1, 0)))
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=given.bf16):
        return sliding_window_inference(
            image[None, None], (given.roi,) * 3, 1, predict, overlap=given.overlap, mode="gaussian")[0, 0]


def round_():
    global latest
    duration, latest = peer.seconds(infer)
    return {"seconds": {"whole volume": duration}}


def difference(file):
    """How far the logits in `file` lie from those of the last round."""
    other = nibabel.load(file).get_fdata(dtype=numpy.float32).transpose(2, 1, 0)
    mine = latest.numpy()
    return {"values": {"largest difference": float(abs(other - mine).max()), "largest logit": float(abs(mine).max())}}


# The kernels are chosen at the first window.
with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=given.bf16):
    predict(torch.zeros((1, 1) + (given.roi,) * 3))
peer.serve([torch, monai, nibabel], round=round_, difference=difference)
