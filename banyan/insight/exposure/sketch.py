"""sketch: about how many different things were seen, in 16 KB, without keeping which.

A HyperLogLog. The first bits of a thing's hash choose a register, and each register keeps the
greatest place at which the first 1 stood among the rest: P. Flajolet, É. Fusy, O. Gandouet and
F. Meunier, "HyperLogLog: the analysis of a near-optimal cardinality estimation algorithm", 2007.
The count follows O. Ertl, "New cardinality estimation algorithms for HyperLogLog sketches",
arXiv:1702.01284, algorithm 6, which needs no table of corrections for few or for many. Its standard
error is 1.04 / sqrt(registers), here 0.8 %.
"""

from __future__ import annotations

from math import inf, log, sqrt

import numpy as np

CHOOSING_BITS = 14
REGISTERS = 1 << CHOOSING_BITS
_PLACES = 64 - CHOOSING_BITS
_REST = (1 << _PLACES) - 1


def empty() -> bytearray:
    """A sketch that has seen nothing."""
    return bytearray(REGISTERS)


def add(sketch: bytearray, seen: int) -> None:
    """Put in a thing by its hash: 64 evenly spread bits. A thing put in again changes nothing."""
    register, rest = seen >> _PLACES, seen & _REST
    place = _PLACES - rest.bit_length() + 1
    if place > sketch[register]:
        sketch[register] = place


def union(first: bytes | bytearray, second: bytes | bytearray) -> bytes:
    """The sketch of what either has seen."""
    return np.maximum(_registers(first), _registers(second)).tobytes()


def count(sketch: bytes | bytearray) -> int:
    """About how many different things it has seen."""
    holding = np.bincount(_registers(sketch), minlength=_PLACES + 2)
    total = REGISTERS * _tau(1 - holding[_PLACES + 1] / REGISTERS)
    for place in range(_PLACES, 0, -1):
        total = (total + float(holding[place])) / 2
    total += REGISTERS * _sigma(holding[0] / REGISTERS)
    return round(REGISTERS**2 / (2 * log(2)) / total)


def _registers(sketch: bytes | bytearray) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    assert len(sketch) == REGISTERS
    return np.frombuffer(sketch, np.uint8)


def _sigma(share: float) -> float:
    """Ertl's sum for the share of registers that hold nothing."""
    if share == 1:
        return inf
    total, last, weight = share, 0.0, 1.0
    while total != last:
        share *= share
        last = total
        total += share * weight
        weight *= 2
    return total


def _tau(share: float) -> float:
    """Ertl's sum for the share of registers that are not full."""
    if share in (0, 1):
        return 0.0
    total, last, weight = 1 - share, 0.0, 1.0
    while total != last:
        share = sqrt(share)
        last = total
        weight /= 2
        total -= (1 - share) ** 2 * weight
    return total / 3
