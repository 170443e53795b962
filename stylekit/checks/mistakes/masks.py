"""The ways to get the mask of a gradient wrong."""

NO_MASK = (
    "not this formula: there is no mask. This is the derivative by F itself: autograd's convention, right where a ReLU "
    "masks later. {equation} is the derivative by the response before the ReLU: 0 wherever F <= 0"
)
MASKS = {
    "masked with F >= 0: the mask is F > 0, so an entry that is exactly 0 gets gradient 0": lambda F, other: F >= 0,
    "masked with F != 0, which lets negative entries through: the mask is F > 0": lambda F, other: F != 0,
    "the mask is turned around: the gradient is 0 where F <= 0, not where F > 0": lambda F, other: F <= 0,
    "the mask is turned around (F < 0): the gradient is 0 where F <= 0, not where F > 0": lambda F, other: F < 0,
}


def masked(plain, masks):
    return [(lambda F, B, m=mask: plain(F, B) * m(F, B), sentence) for sentence, mask in masks.items()]
