"""A file of the reference safetensors writer with one tensor of every type that NumPy and PyTorch have.

usage: reference.py         writes reference.safetensors; needs: pip install torch safetensors
"""
import torch
from safetensors.torch import save_file

types = {"BOOL": torch.bool, "U8": torch.uint8, "I8": torch.int8, "U16": torch.uint16, "I16": torch.int16,
         "U32": torch.uint32, "I32": torch.int32, "U64": torch.uint64, "I64": torch.int64, "F16": torch.float16,
         "BF16": torch.bfloat16, "F32": torch.float32, "F64": torch.float64}
save_file({name: torch.arange(6).reshape(2, 3).to(kind) for name, kind in types.items()}, "reference.safetensors",
          {"made by": "safetensors (Python)"})
