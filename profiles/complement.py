#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints the seccomp rules for "every value of this argument but these", as lines for a seccomp.json.

    complement.py SYSCALL INDEX VALUE…      complement.py ioctl 1 0x5412 0x541C 0x5423

seccomp has "(argument & mask) == value", which sees the low 32 bits alone, as the kernel does; "not equal" sees all 64,
so that a bit above them is a way past it (CVE-2019-7303). So we need the complement of a few values as a union of such
comparisons, each of which holds for none of them:
1. For every bit in which the values agree: "this bit is the other way". This leaves what agrees with them in all of these.
2. Of the few bits in which they differ: the comparisons that hold for none of the values, chosen greedily until every
   other pattern of these bits is covered.
Several rules for one call are alternatives. The proof is the unit test ShippedProfile.AllowsEveryIoctlButThree.
"""

import itertools
import sys

BITS = 32


def comparisons(values: list[int]) -> list[tuple[int, int]]:
    differing = [bit for bit in range(BITS) if len({value >> bit & 1 for value in values}) == 2]
    agreeing = [bit for bit in range(BITS) if bit not in differing]
    result = [(1 << bit, ~values[0] & 1 << bit) for bit in agreeing]

    def patterns(mask: int) -> list[int]:
        bits = [bit for bit in differing if mask >> bit & 1]
        return [sum(1 << bit for bit, on in zip(bits, choice) if on) for choice in itertools.product((0, 1), repeat=len(bits))]

    whole = sum(1 << bit for bit in differing)
    open_ = set(patterns(whole)) - {value & whole for value in values}
    candidates = [
        (mask, pattern)
        for size in range(1, len(differing) + 1)
        for chosen in itertools.combinations(differing, size)
        for mask in [sum(1 << bit for bit in chosen)]
        for pattern in patterns(mask)
        if all(value & mask != pattern for value in values)
    ]
    while open_:
        best = max(candidates, key=lambda candidate: sum(value & candidate[0] == candidate[1] for value in open_))
        result.append(best)
        open_ = {value for value in open_ if value & best[0] != best[1]}
    return result


def main() -> None:
    name, index = sys.argv[1], sys.argv[2]
    for mask, value in comparisons([int(text, 0) for text in sys.argv[3:]]):
        print(
            f'    {{ "names": ["{name}"], "action": "SCMP_ACT_ALLOW", "args": [{{ "index": {index}, "value": {mask}, '
            f'"valueTwo": {value}, "op": "SCMP_CMP_MASKED_EQ" }}] }},'
        )


if __name__ == "__main__":
    main()
