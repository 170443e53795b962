"""What is freed is kept for the next tensor: counted by the pages that the system has to hand out."""

import subprocess
import sys

import pytest

from stylekit.memory import keep_freed_memory

COUNT = """
import resource, sys, torch
if sys.argv[1] == "keep":
    from stylekit.memory import keep_freed_memory
    keep_freed_memory()
for _ in range(40):  # until there is room for a block and what it is aligned by
    torch.empty(12_000_000).fill_(1)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    torch.empty(12_000_000).fill_(1)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def pages(word):
    done = subprocess.run([sys.executable, "-c", COUNT, word], capture_output=True, text=True, check=True)
    return int(done.stdout)


def test_a_block_that_was_freed_is_used_again_instead_of_being_handed_out_anew():
    if not keep_freed_memory():
        pytest.skip("this system's malloc has no mallopt: there is nothing to set")
    assert pages("keep") < pages("as it is") / 4


def test_asking_again_changes_nothing():
    assert keep_freed_memory() == keep_freed_memory()
