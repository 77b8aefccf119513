"""Training on disk: net and optimiser in one safetensors file, which cannot run code."""

import json
import os
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from labelwright.errors import InputError, need

NAME = "labelwright.epoch"


def save(path: str | Path, net: nn.Module, optimizer: torch.optim.Optimizer, facts: dict[str, Any]) -> None:
    """Write net, optimiser and `facts` (what JSON can hold); an older file is replaced at once or not at all."""
    state = optimizer.state_dict()
    tensors, numbers = {f"net.{name}": part for name, part in net.state_dict().items()}, {}
    for i, entries in state["state"].items():
        for key, value in entries.items():
            if isinstance(value, Tensor):
                tensors[f"optimizer.{i}.{key}"] = value
            else:
                numbers[f"{i}.{key}"] = value
    text = json.dumps(
        {**facts, "optimizer": {"groups": state["param_groups"], "numbers": numbers}}, default=float
    )
    # Copies, because tied weights share memory and the format refuses that.
    plain = {name: part.detach().cpu().clone().contiguous() for name, part in tensors.items()}
    path = Path(path)
    part = path.with_name(path.name + ".part")
    _safetensors().save_file(plain, part, metadata={NAME: text})
    os.replace(part, path)


def load(path: str | Path, net: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """Put what `save` wrote into `net` and `optimizer`, and return the facts."""
    tensors, text = _read(path)
    facts = json.loads(text)
    groups, numbers = (facts["optimizer"][key] for key in ("groups", "numbers"))
    weights = {name.removeprefix("net."): part for name, part in tensors.items() if name.startswith("net.")}
    _check(path, {name: part.shape for name, part in weights.items()}, net, groups, optimizer)
    state: dict[int, dict[str, Any]] = {}
    for name, value in [*tensors.items(), *((f"optimizer.{name}", value) for name, value in numbers.items())]:
        if name.startswith("optimizer."):
            _, i, key = name.split(".", 2)
            state.setdefault(int(i), {})[key] = value
    net.load_state_dict(weights)
    optimizer.load_state_dict({"state": state, "param_groups": groups})
    return facts


def _safetensors() -> Any:
    return need("safetensors.torch", extra="torch", purpose="Saving nets")


def _read(path: str | Path) -> tuple[dict[str, Tensor], str]:
    need("safetensors.torch", extra="torch", purpose="Loading nets")
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            text = (file.metadata() or {}).get(NAME)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    except SafetensorError as problem:
        raise InputError(
            f"{path} is no safetensors file ({problem}); give one that Epoch.save wrote"
        ) from problem
    if text is None:
        raise InputError(f"{path} holds tensors but no training; give a file that Epoch.save wrote")
    return tensors, text


def _check(
    path: str | Path,
    saved: dict[str, Any],
    net: nn.Module,
    groups: list[dict[str, Any]],
    optimizer: torch.optim.Optimizer,
) -> None:
    here = {name: part.shape for name, part in net.state_dict().items()}
    other = sorted(name for name in here.keys() | saved.keys() if here.get(name) != saved.get(name))
    if other:
        name = other[0]
        raise InputError(
            f"{path} belongs to another net: {name} is {_shape(saved.get(name))} there and "
            f"{_shape(here.get(name))} here ({len(other)} differ); build the net as it was when saved"
        )
    ours, theirs = ([len(g["params"]) for g in some] for some in (optimizer.param_groups, groups))
    if ours != theirs:
        raise InputError(
            f"{path} was trained with parameter groups of {theirs} tensors, here they have {ours}; "
            "give the same optimizer"
        )


def _shape(shape: Any) -> str:
    return "missing" if shape is None else str(tuple(shape))
