"""Golden values and gradients of the losses, from PyTorch, torchvision and MONAI.

usage: losses.py > losses.json      Needs: pip install torch torchvision monai
"""
import json
import torch
import torch.nn.functional as F
from monai.losses import FocalLoss, TverskyLoss
from monai.losses.cldice import soft_skel
from torchvision.ops import sigmoid_focal_loss

torch.manual_seed(7)
cases = []


def flat(x):
    return [float(f"{v:.8g}") for v in x.detach().double().flatten().tolist()]


def case(name, loss, prediction, target):
    p = prediction.clone().double().requires_grad_()
    value = loss(p, target.double())
    value.backward()
    cases.append(dict(name=name, shape=list(p.shape), prediction=flat(prediction), target=flat(target),
                      value=value.item(), gradient=flat(p.grad)))


logits = 2 * torch.randn(5, 4)
labels = torch.tensor([0, 3, 1, 3, 2])
onehot = F.one_hot(labels, 4).float()
soft = torch.softmax(torch.randn(5, 4), 1)
weights = torch.tensor([0.5, 2.0, 1.5, 0.25], dtype=torch.double)
case("cross-entropy", lambda p, t: F.cross_entropy(p, labels), logits, onehot)
case("cross-entropy weights smoothing",
     lambda p, t: F.cross_entropy(p, labels, weight=weights, label_smoothing=0.1), logits, onehot)
case("cross-entropy soft", lambda p, t: F.cross_entropy(p, t), logits, soft)
case("focal", lambda p, t: FocalLoss(use_softmax=True, to_onehot_y=False, gamma=2.0, include_background=True,
                                     reduction="sum")(p[..., None], t[..., None]) / 5, logits, onehot)
volume = 2 * torch.randn(2, 1, 3, 5, 7)
mask = (torch.rand(2, 1, 3, 5, 7) < 0.3).float()
warped = torch.rand(2, 1, 3, 5, 7)
case("binary cross-entropy", lambda p, t: F.binary_cross_entropy_with_logits(
    p, t, pos_weight=torch.tensor(3.0)), volume, warped)
case("binary focal", lambda p, t: sigmoid_focal_loss(p, t, reduction="mean"), volume, mask)
case("mean squared error", F.mse_loss, volume, warped)
case("tversky", TverskyLoss(sigmoid=True, alpha=0.3, beta=0.7, smooth_nr=1, smooth_dr=1, batch=True), volume, mask)


def focal_tversky(p, t):
    tp, sp, st = (p * t).sum(), p.sum(), t.sum()
    return (1 - (tp + 1) / (0.7 * st + 0.3 * sp + 1)) ** 0.75


case("focal tversky", focal_tversky, torch.sigmoid(volume), mask)
coarse = torch.randn(2, 1, 2, 3, 2)
fine = (torch.rand(2, 1, 8, 12, 8) < 0.2).float()
case("focal tversky up-sampled", lambda p, t: focal_tversky(
    torch.sigmoid(F.interpolate(p, scale_factor=4)), fine.double()), coarse, F.avg_pool3d(fine, 4))


def cl_dice(iterations):
    def loss(p, t):
        sp, st = soft_skel(p, iterations), soft_skel(t, iterations)
        precision = ((sp * t).sum() + 1) / (sp.sum() + 1)
        sensitivity = ((st * p).sum() + 1) / (st.sum() + 1)
        return 1 - 2 * precision * sensitivity / (precision + sensitivity)
    return loss


smooth_volume = torch.sigmoid(3 * F.avg_pool3d(torch.randn(2, 1, 8, 10, 19), 3, 1, 1) * 3)
tubes = (F.avg_pool3d(torch.randn(2, 1, 8, 10, 19), 3, 1, 1) > 0.1).float()
case("clDice", cl_dice(3), smooth_volume, tubes)
smooth_plane = torch.sigmoid(3 * F.avg_pool2d(torch.randn(1, 1, 12, 20), 3, 1, 1) * 2)
lines = (F.avg_pool2d(torch.randn(1, 1, 12, 20), 3, 1, 1) > 0.1).float()
case("clDice plane", cl_dice(2), smooth_plane, lines)
counts = torch.tensor([100.0, 10.0, 40.0, 5.0], dtype=torch.double)
margins = counts ** -0.25 * (0.5 / (counts ** -0.25).max())
case("LDAM", lambda p, t: F.cross_entropy(30 * (p - margins * F.one_hot(labels, 4)), labels, weight=weights),
     0.2 * logits, onehot)
case("logit adjustment", lambda p, t: F.cross_entropy(p + (counts / counts.sum()).log(), labels), logits, onehot)
print(json.dumps(cases))
