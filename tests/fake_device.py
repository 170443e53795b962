"""A device that is none: its tensors lie in the ordinary memory, but answer as a GPU's would.

Within `with FakeDevice():` a tensor that is moved there says that it is there, its results are there, and what mixes
it with a tensor on the CPU is refused, as PyTorch refuses it. So moves can be tested where there is no other device.
"""

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

DEVICE = torch.device("xpu", 0)  # any name that PyTorch knows and that is not here
DEVICE_OF = Tensor.device.__get__
HERE = {Tensor.cpu, Tensor.numpy, Tensor.__array__}


class Elsewhere(Tensor):
    """A tensor on the fake device; whatever is computed from it is one, too."""

    def __deepcopy__(self, memo):
        return self.detach().clone()


class FakeDevice(TorchFunctionMode):
    def __torch_function__(self, function, types, args=(), options=None):
        options = dict(options or {})
        if function == DEVICE_OF:
            return DEVICE if isinstance(args[0], Elsewhere) else function(*args)
        if function in HERE:
            return self._fetch(function, args, options)
        if function is Tensor.to:
            return self._move(*args, **options)
        there = options.get("device") is not None and torch.device(options["device"]) == DEVICE
        if there:  # a new tensor: zeros, rand, ...
            options["device"] = "cpu"
        self._refuse_a_mixture(function, args, options)
        made = function(*args, **options)
        return made.as_subclass(Elsewhere) if there else made

    @staticmethod
    def _fetch(function, args, options):
        if function is Tensor.cpu:
            return args[0].as_subclass(Tensor)
        if isinstance(args[0], Elsewhere):
            raise TypeError(f"cannot convert a tensor on {DEVICE} to numpy")
        return function(*args, **options)

    @staticmethod
    def _move(tensor, *wanted, **options):
        """Do as `tensor.to` does: to a device, to a precision, to both, or to those of another tensor."""
        named = [one for one in [*wanted, *options.values()] if isinstance(one, str | torch.device | Tensor)]
        plain = [one.as_subclass(Tensor) if isinstance(one, Tensor) else _here(one) for one in wanted]
        made = tensor.to(*plain, **{name: _here(one) for name, one in options.items()})
        if not named:
            return made
        there = isinstance(named[0], Elsewhere) if isinstance(named[0], Tensor) else torch.device(named[0]) == DEVICE
        return made.as_subclass(Elsewhere if there else Tensor)

    @staticmethod
    def _refuse_a_mixture(function, args, options):
        tensors, rest = [], [*args, *options.values()]
        while rest:
            one = rest.pop()
            if isinstance(one, Tensor) and one.ndim:  # a number on the CPU may be combined with anything
                tensors.append(isinstance(one, Elsewhere))
            elif isinstance(one, list | tuple):
                rest.extend(one)
        if len(set(tensors)) > 1:
            raise RuntimeError(f"{function.__name__} mixes tensors on {DEVICE} and on the CPU")


def _here(argument):
    return "cpu" if isinstance(argument, str | torch.device) else argument


def moved(network: nn.Module) -> nn.Module:
    """Move a network there, in place."""
    for module in network.modules():
        for tensors in (module._parameters, module._buffers):
            tensors.update({name: t.as_subclass(Elsewhere) for name, t in tensors.items() if t is not None})
    return network
