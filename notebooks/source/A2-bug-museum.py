# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # The bug museum
#
# **The question.** A style transfer that is wrong rarely crashes: it paints, only worse. How do we notice, and how do
# we find out what is wrong?
#
# **What you need to know.** The losses of notebooks 02 to 04: content loss, Gram matrix, style loss.
#
# **How long it runs.** About 15 seconds on two cores.
#
# Each mistake shown here has bitten a published tutorial or program, written by people who knew what they were doing.
# Each exhibit has four parts: the **symptom**, really produced; a **question**, at which you should stop and guess;
# the **test** that catches the mistake and passes the right version; the **cause**, and the cure. Where the mistake
# was discussed in public, the issue is named as `repository#number`.

# %% [markdown]
# ## Visitors' guide
#
# | exhibit | symptom |
# |---|---|
# | 1. The lost negatives | responses before the ReLU that are never negative |
# | 2. The fourth convolution | the photograph comes through far too faithfully |
# | 3. The scrambled reshape | right shapes, no error, and feature maps like television snow |
# | 4. One Gram matrix for all | a Gram matrix that grows with the batch |
# | 5. The blue cat | red and blue change places, or, worse, do not seem to |
# | 6. Three strange rows | a pale picture with a stripe along its upper edge |
# | 7. The clamp in the closure | after many good steps the loss explodes |
# | 8. Divided twice | the painting is the photograph |
# | 9. The list that repeats | a weight that has no effect, a weight that is an error |
# | 10. Two sizes, one formula | glaring contrast |
# | 11. Too deep | the face dissolves |
# | 12. The descent that gave up | the loss stays where it is, and nobody complains |
# | 13. The network that wanted to learn | slower, and numbers that grow in the background |
# | 14. Work that nobody asked for | the same responses, three times the work |
# | 15. The grey picture | the painting is not a number |

# %% [markdown]
# ## Before we go in
#
# A [photograph](glossary.md#photograph) $p$, a [style picture](glossary.md#style-picture) $a$, cut to the size of $p$,
# and the [compact network](glossary.md#compact-network). Everything is small, so that the visit is short.

# %%
import copy
import time

import torch

from stylekit.figures import bars, curves, maps, strip, table
from stylekit.images import load_image
from stylekit.losses import content_loss, gram_matrix, style_layer_loss
from stylekit.networks import load_network
from stylekit.optimise import minimise

# %%
network = load_network("compact", device="cpu")
p = load_image("chelsea", size=128)
a = load_image("waves", size=160)[:, :, :85, :128]
p.shape, a.shape  # (pictures, colours, height, width)

# %% [markdown]
# $F$, of shape $(N, M)$, holds the [responses](glossary.md#response) of one [layer](glossary.md#layer) to the
# [painting](glossary.md#painting) $x$: a row for each of its $N$ [filters](glossary.md#filter), a column for each of
# its $M$ [positions](glossary.md#position). $P$, of the same shape, holds those to the photograph. The
# [Gram matrices](glossary.md#gram-matrix), of shape $(N, N)$, are $G$ for the painting and $A$ for the style picture.
# The sum runs over five layers $l$.
#
# $$L_{total}(x) = \alpha \, L_{content} + \frac{\beta}{5} \sum_l E_l \tag{Eq. 7}$$
#
# This is the right way to do it, as the [objective](glossary.md#objective) that we hand to the minimiser. Here
# $\alpha = 1 / \sum_{ij} P_{ij}^2$ and $\beta = 20$. The exhibits break one part of it at a time.

# %%
STYLE = ["relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"]
len(network.layers), "layers to choose from"


# %%
def see(x):
    """Return the responses F, (N, M), of all layers by name."""
    return {layer: f[0].flatten(1) for layer, f in network.features(x, network.layers).items()}


see(p)["relu4_2"].shape  # (N, M)


# %%
def objective(c="relu4_2", E=style_layer_loss, a=a, see=see, beta=20):
    """Return the total loss as a function of x: content at layer c, the style of a at five layers."""
    P, S = see(p)[c], see(a)  # S, (N, M_style), by layer
    A, alpha = {layer: gram_matrix(S[layer]) for layer in STYLE}, 1 / P.square().sum()

    def total(x):
        F = see(x)
        losses = [E(F[layer], A[layer], S[layer].shape[1]) for layer in STYLE]
        return {"total": alpha * content_loss(F[c], P) + beta / 5 * sum(losses)}

    return total


print(f"at the photograph: {objective()(p)['total'].item():.2f}")

# %% [markdown]
# One function paints: it lets the minimiser, [L-BFGS](glossary.md#l-bfgs), [evaluate](glossary.md#evaluation) an
# objective 30 times, starting at the photograph.


# %%
def paint(objective, steps=30):
    """Return the painting after so many evaluations."""
    *_, last = minimise(p, objective, steps)
    return last.image


# %%
good = paint(objective())
strip(
    {"photograph": p, "style": a, "painting": good},
    title="How it should be",
    height=1.4,
    alt="A cat's face in brown and white; a style picture of long waves in orange, red and green; and the cat's face "
    "made of wavy orange strokes, its eyes and nose still in their places.",
)

# %% [markdown]
# The other puts a test to a broken and to a right version. A test is worth something only if it *fails* on the broken
# one: so `judge` insists on that too.


# %%
def judge(test, broken, right):
    """Show that a test catches the broken version and passes the right one."""
    try:
        test(broken)
    except AssertionError as caught:
        print("broken: caught,", caught)
    else:
        raise AssertionError("this test does not see the mistake")
    test(right)
    print("right:  passes")


# %% [markdown]
# ## Exhibit 1. The lost negatives
#
# A loop over a ready-made network stores what each convolution gives out, the
# [pre-activations](glossary.md#pre-activation) $Z$, and goes on through the [ReLU](glossary.md#relu), which was built
# with `inplace=True`.


# %%
def stored(x, inplace, last="conv4_2"):
    """Return the output Z of each convolution by name, (1, N, H, W), up to the last one wanted."""
    kept, x = {}, (x - network.mean) / network.deviation
    for name, convolution in network.convolutions.items():
        x = network.pool(x) if name.endswith("_1") and kept else x
        x = kept[name] = convolution(x)
        if name == last:
            return kept
        x = torch.nn.functional.relu(x, inplace=inplace)


# %%
below = {name: 100 * (Z < 0).float().mean().item() for name, Z in stored(p, inplace=True).items()}
print(table({name: {"% below 0": round(share)} for name, share in below.items()}, "in place"))

# %%
maps(
    {f"conv1_2, {how}": stored(p, how == "in place")["conv1_2"][0, 5] for how in ["in place", "right"]},
    title="One filter: orange above 0, purple below",
    columns=2,
    signed=True,
    alt="Two feature maps of the cat. The one stored from the in-place network has orange parts only; the right one "
    "has the same orange parts, and purple ones where the response is negative.",
)

# %% [markdown]
# **What do you see?** Eight layers of nine have lost every negative value. Why is the last one different?


# %%
def test_negatives_survive(Z):
    assert (Z["conv3_1"] < 0).any(), "'conv3_1' holds no negative value: it is relu3_1"
    assert (Z["conv4_2"] < 0).any(), "'conv4_2' holds no negative value: it is relu4_2"


# %% tags=["nbval-check-output"]
judge(test_negatives_survive, stored(p, inplace=True), stored(p, inplace=False))

# %% [markdown]
# **The cause.** `kept[name]` and the input of the ReLU are *one* tensor. In place, the ReLU writes $F = \max(Z, 0)$
# over $Z$ after it was stored. The last layer escapes, because nothing runs after it: so a program with this mistake
# compares rectified responses everywhere but in its deepest layer, and moves that exception along whenever somebody
# adds a layer. **The cure:** never in place, and two names for two things. In this kit `conv4_2` is $Z$ and `relu4_2`
# is $F$. Discussed in ProGamerGov/neural-style-pt#44; whether the two are the same was asked in
# jcjohnson/neural-style#93.

# %%
found = network.features(p, ["conv3_1", "relu3_1"])
assert torch.equal(found["relu3_1"], found["conv3_1"].clamp(min=0)) and (found["conv3_1"] < 0).any()
found["conv3_1"].shape  # the package keeps both

# %% [markdown]
# ## Exhibit 2. The fourth convolution
#
# The paper takes the content at conv4_2. A program numbers the convolutions as it meets them and takes `conv_4`.

# %%
counted = {f"conv_{i}": name for i, name in enumerate(network.convolutions, start=1)}
faithful = paint(objective(c=counted["conv_4"].replace("conv", "relu")))
strip(
    {"content at 'conv_4'": faithful, "content at conv4_2": good},
    title="The same weights, content at two layers",
    height=1.2,
    alt="A painting that keeps eyes, nose and mouth line by line, in orange; and a painting in which long wavy strokes "
    "run over the nose and into the eyes.",
)

# %% [markdown]
# **What could it be?** The left painting clings to the photograph's lines. The weights are the same.


# %%
def test_content_is_seen_from_block_4(layer):
    height = network.features(p, [layer])[layer].shape[2]
    assert height == p.shape[2] // 8, f"{height} rows of positions for {p.shape[2]} pixels: that is no layer of block 4"


# %% tags=["nbval-check-output"]
judge(test_content_is_seen_from_block_4, broken=counted["conv_4"], right="conv4_2")
counted

# %% [markdown]
# **The cause.** `conv_4` is conv2_2, after one pooling instead of three: its responses still hold nearly each pixel.
# conv4_2 would have been `conv_9`. In [VGG-19](glossary.md#vgg-19) `conv_4` is conv2_2 too, but conv4_2 is `conv_10`:
# block 3 has one convolution more there. **The cure:** name layers by block and place, as the paper does, and let an
# unknown name be an error. Discussed in pytorch/tutorials#3732.

# %% [markdown]
# ## Exhibit 3. The scrambled reshape
#
# Some libraries keep features [channels last](glossary.md#channels-last), $(H, W, N)$. We need $F$, $(N, M)$, with
# $M = H \, W$, to compute the Gram matrix of Eq. 3. `reshape(N, M)` gives that shape.
#
# $$G_{ij} = \sum_k F_{ik} F_{jk} \tag{Eq. 3}$$

# %%
Y = network.features(p, ["relu2_1"])["relu2_1"][0].permute(1, 2, 0).contiguous()  # (H, W, N), channels last
H, W, N = Y.shape
scrambled = Y.reshape(N, H * W)
unscrambled = Y.reshape(H * W, N).T
scrambled.shape, unscrambled.shape

# %%
maps(
    {
        f"row {i}, {name}": F[i].view(H, W)
        for name, F in {"reshape": scrambled, "transpose": unscrambled}.items()
        for i in (7, 17)
    },
    title="Rows of F, drawn as feature maps",
    columns=2,
    height=1.1,
    alt="Above, two rows of F after the plain reshape: stripes and noise in which no cat is to be seen. Below, "
    "the same rows with the transpose: two feature maps in which the cat's eyes and outlines are clear.",
)

# %% [markdown]
# **What happened?** No error, right shapes, and a Gram matrix of the right shape, symmetric too. A style transfer
# with it even runs. Which property of the Gram matrix would tell?


# %%
def test_gram_forgets_where(rows):
    shuffle = torch.randperm(Y.shape[0] * Y.shape[1], generator=torch.Generator().manual_seed(0))
    moved = Y.flatten(0, 1)[shuffle].view(Y.shape)  # each position keeps its N responses, elsewhere
    same = torch.allclose(gram_matrix(rows(moved)), gram_matrix(rows(Y)), rtol=1e-3)
    assert same, "moving the positions about changed the Gram matrix"


# %% tags=["nbval-check-output"]
judge(
    test_gram_forgets_where,
    broken=lambda Y: Y.reshape(Y.shape[2], -1),
    right=lambda Y: Y.reshape(-1, Y.shape[2]).T,
)

# %% [markdown]
# **The cause.** `reshape` reads memory in order: position by position, and at each the $N$ filters. Cut into $N$ rows,
# each row holds a band of the picture with all filters mixed. A Gram matrix forgets *where*: any
# [permutation](glossary.md#permutation) of the positions leaves it as it is. The scrambled one does not. **The cure:**
# first move the filters to the front, then flatten. Seen in marcopeix/Deep_Learning_AI#1.

# %% [markdown]
# ## Exhibit 4. One Gram matrix for all
#
# Two pictures go through the network as one [batch](glossary.md#batch), $f$ of shape $(B, N, H, W)$ with $B = 2$. A
# well-known snippet flattens the first two dimensions together.

# %%
f = network.features(torch.cat([p, a]), ["relu1_1"])["relu1_1"]
B, N, H, W = f.shape
one = gram_matrix(f.reshape(B * N, H * W))
each = gram_matrix(f.reshape(B, N, H * W))
one.shape, each.shape

# %%
maps(
    {
        "one for the batch": (1 + one).log10(),
        "the photograph's": (1 + each[0]).log10(),
        "the style picture's": (1 + each[1]).log10(),
    },
    title="Gram matrices (logarithms of 1 + the entries)",
    columns=3,
    height=2.4,
    shared=True,
    alt="Left, a square of 32 by 32 that falls into four blocks. The two blocks on its diagonal are the two 16 by 16 "
    "matrices drawn beside it, for the photograph and for the style picture; the other two are of neither.",
)

# %% [markdown]
# **What are the four blocks?** And would anybody have noticed with $B = 1$?


# %%
def test_a_picture_keeps_its_gram_matrix_in_company(gram):
    alone, in_company = gram(f[:1])[0], gram(f)[0]
    assert alone.shape == in_company.shape, f"alone it has {len(alone)} rows, in company {len(in_company)}"
    assert torch.allclose(alone, in_company, rtol=1e-4), "its Gram matrix depends on its neighbour"


# %% tags=["nbval-check-output"]
judge(
    test_a_picture_keeps_its_gram_matrix_in_company,
    broken=lambda f: gram_matrix(f.flatten(0, 1).flatten(1)),
    right=lambda f: gram_matrix(f.flatten(2)),
)

# %% [markdown]
# **The cause.** The blocks off the diagonal multiply filters of *different* pictures, place by place: numbers without
# a meaning. With one picture all is well, so the mistake sleeps until somebody trains with batches. **The cure:** keep
# the batch dimension; the matrix product works on each picture for itself. Discussed in
# udacity/deep-learning-v2-pytorch#167.

# %% [markdown]
# ## Exhibit 5. The blue cat
#
# Some libraries load a picture as BGR, blue first. This network learned from RGB. What happens if we hand it one for
# the other?


# %%
def see_bgr(x):
    """Return the responses to a picture whose red and blue have changed places."""
    return see(x.flip(1))


silent = paint(objective(see=see_bgr))
silent.shape

# %%
strip(
    {"saved as it is": silent.flip(1), "swapped back": silent, "never swapped": good},
    title="Blue first",
    height=1.2,
    alt="A cat in blue and violet waves, which is obviously wrong; a cat in orange waves; another cat in orange waves, "
    "with somewhat other strokes, which is the right one.",
)

# %% [markdown]
# **What do you see?** The left picture gives itself away. Is the middle one right?

# %% tags=["nbval-check-output"]
difference = see_bgr(p)["relu4_2"] - see(p)["relu4_2"]
relative = difference.norm() / see(p)["relu4_2"].norm()
print(f"responses at relu4_2: {relative:.1f} of their own length away")


# %%
def test_red_arrives_as_red(prepare):
    red = torch.tensor([1.0, 0.0, 0.0]).view(1, 3, 1, 1)
    assert prepare(red).argmax(dim=1).item() == 0, "pure red arrives in the plane of blue"


# %% tags=["nbval-check-output"]
judge(
    test_red_arrives_as_red,
    broken=lambda x: (x.flip(1) - network.mean) / network.deviation,
    right=lambda x: (x - network.mean) / network.deviation,
)

# %% [markdown]
# **The cause.** The order of colours belongs to the *weights*: those of the original Caffe models want BGR, and these
# RGB. One exchange too few shows; two that cancel each other (in and out) hide that the network saw wrong colours all
# the time. **The cure:** one order everywhere, and the test on a plain red picture. Discussed in
# keras-team/keras#3340.

# %% [markdown]
# ## Exhibit 6. Three strange rows
#
# Before its first convolution the network wants the mean colour subtracted, one number for each of red, green and blue.


# %%
def centred(x):
    """Return the picture less the mean colour."""
    x = x.clone()
    for c, mean in enumerate((0.485, 0.456, 0.406)):
        x[:, :, c] -= mean
    return x


# %%
strip(
    {"photograph": p, "what the network is given": centred(p) + network.mean},
    title="The network's input, the mean colour added again",
    height=1.2,
    alt="The cat; and the same picture far too bright, washed out nearly to white everywhere but in a narrow stripe "
    "along the upper edge, which is as it should be.",
)

# %% [markdown]
# **What could it be?** Look at the upper edge of the pale cat. How many rows has the stripe?


# %%
def test_the_mean_colour_becomes_zero(centre):
    plain = network.mean.expand(1, 3, 5, 7)
    assert centre(plain).abs().max() < 1e-6, "a picture of the mean colour does not become 0"


# %% tags=["nbval-check-output"]
judge(test_the_mean_colour_becomes_zero, broken=centred, right=lambda x: x - network.mean)

# %% [markdown]
# **The cause.** `x[:, :, c]` is colour `c` where colours come last. Here $x$ has shape $(1, 3, H, W)$, and it is *row*
# `c` of every colour: three rows are centred, the rest is not. **The cure:** give the mean the shape $(1, 3, 1, 1)$
# once, and let it broadcast. Discussed in keras-team/keras#1891 and #3340.

# %% [markdown]
# ## Exhibit 7. The clamp in the closure
#
# Colours must lie in $[0, 1]$. So why not cut $x$ to that range each time the loss is evaluated, inside the closure
# that L-BFGS calls? This mistake needs patience: in a published tutorial it struck near step 750. Our smallest
# setting has 48 pixels, one shallow layer and a great $\beta$, and it happens somewhere in the first 300 evaluations.

# %%
small_p, small_a = load_image("coffee", size=48), load_image("waves", size=48)
small_p.shape, small_a.shape

# %%
layers = ["relu1_1", "relu2_2"]
small_P = network.features(small_p, layers)["relu2_2"].flatten(2)
small_S = network.features(small_a, layers)["relu1_1"].flatten(2)
small_A = gram_matrix(small_S)


def steep(x):
    """Return the total loss with content at relu2_2, style at relu1_1, beta 100,000."""
    F = {layer: f.flatten(2) for layer, f in network.features(x, layers).items()}
    E = style_layer_loss(F["relu1_1"], small_A, small_S.shape[2])
    return (content_loss(F["relu2_2"], small_P) / small_P.square().sum() + 1e5 * E).sum()


# %%
def descend(clamp, looks=300):
    """Return the loss and the picture of each evaluation of torch's L-BFGS."""
    x, losses, pictures = small_p.clone().requires_grad_(True), [], []
    optimiser = torch.optim.LBFGS([x])

    def closure():
        if clamp:
            x.data.clamp_(0, 1)
        optimiser.zero_grad()
        loss = steep(x)
        loss.backward()
        losses.append(loss.item())
        pictures.append(x.detach().clone())
        return loss

    while len(losses) < looks:
        optimiser.step(closure)
    return losses, pictures


# %%
(clamped, clamped_x), (free, _) = descend(clamp=True), descend(clamp=False)
inside = list(minimise(small_p, lambda x: {"total": steep(x)}, 300))
kept = [step.losses["total"] for step in inside]

# %%
curves(
    {
        "clamp in the closure": (range(len(clamped)), clamped),
        "no clamp": (range(len(free)), free),
        "minimise": ([step.evaluations for step in inside], kept),
    },
    title="All goes well, but for a few jolts, and then",
    xlabel="evaluations of the objective",
    ylabel="total loss (logarithmic)",
    log="y",
    alt="Three falling curves. Those without a clamp and of minimise fall smoothly to the end, by a factor of "
    "thousands. The one with a clamp in the closure goes down with them, with jolts, and at some point leaps far above "
    "its start.",
)

# %%
best = min(range(len(clamped)), key=clamped.__getitem__)
worst = max(range(len(clamped)), key=clamped.__getitem__)
strip(
    {
        f"best, evaluation {best}": clamped_x[best],
        f"worst, evaluation {worst}": clamped_x[worst],
        "minimise": inside[-1].image,
    },
    title="Clamped at its best and at its worst",
    height=1.2,
    alt="Left, orange and blue-green grain in which a cup can be guessed. In the middle the explosion: black, white "
    "and glaring pure colours. Right, a cup, its rim and saucer clear, in orange and blue-green.",
)

# %% [markdown]
# **What happened?** Nothing changed before the leap: the same objective, the same optimiser. What does L-BFGS
# remember, and is it true?


# %%
def test_the_loss_does_not_come_back(losses):
    assert max(losses[60:]) < 10 * min(losses[:60]), "after 60 evaluations the loss rose tenfold again"


# %% tags=["nbval-check-output"]
judge(test_the_loss_does_not_come_back, broken=clamped, right=kept)

# %% [markdown]
# **The cause.** L-BFGS learns the curvature from pairs: the move it made, and how much the
# [gradient](glossary.md#gradient) changed on the way. The clamp moves $x$ behind its back, so the pairs are untrue.
# Where much of a move was cut off, the gradient hardly changed: the valley seems flat, and the next step is gigantic.
# **The cure:** clip *between* the moves, and let the pairs know: they are made of the places that were really visited,
# as in `minimise`. Or add a term that makes it cost something to be outside. (To clamp once, after the last step, is no
# error of this kind; but the picture saved is then not the one that was minimised: notebook 08.) Discussed in
# pytorch/tutorials#143. (At which evaluation it leaps depends on the last digits of the numbers, hence on your
# machine.)

# %% [markdown]
# ## Exhibit 8. Divided twice
#
# $$E_l = \frac{1}{4 N^2 M^2} \sum_{ij} (G_{ij} - A_{ij})^2 \tag{Eq. 4}$$
#
# A careful programmer returns the Gram matrix already divided by $N M$, and another careful programmer divides the
# loss.


# %%
def E_twice(F, A, M_style):
    """Return E_l with Gram matrices that were divided before."""
    N, M = F.shape
    G, A = F @ F.T / (N * M), A / (N * M_style)
    return (G - A).square().sum() / (4 * N**2 * M**2)


# %%
strip(
    {"photograph": p, "divided twice": paint(objective(E=E_twice)), "divided once": good},
    title="The same weights",
    height=1.2,
    alt="The cat; the same cat, unchanged, under the title divided twice; and the cat in orange waves.",
)

# %% [markdown]
# **What is going on?** The style weight seems dead. People then multiply it by ten, again and again. How many times
# would it take, and is a larger weight the cure? The table has the answer: between 8 and 11 times, and at each layer
# another number.

# %%
F, S = see(p), see(a)
M = {layer: S[layer].shape[1] for layer in STYLE}
M

# %%
factor = {
    layer: (
        style_layer_loss(F[layer], gram_matrix(S[layer])) / E_twice(F[layer], gram_matrix(S[layer]), M[layer])
    ).item()
    for layer in STYLE
}
print(table({layer: {"too small by": value} for layer, value in factor.items()}))


# %%
def test_two_copies_side_by_side_have_the_same_style(E):
    F, S = torch.rand(2, 5, 77, dtype=torch.float64)  # N = 5, M = 77
    once = E(F, gram_matrix(S), 77)
    twice = E(torch.cat([F, F], 1), gram_matrix(torch.cat([S, S], 1)), 154)
    assert abs(twice / once - 1) < 1e-9, f"two copies of both pictures: {twice / once:.2f} of the loss"


# %% tags=["nbval-check-output"]
judge(test_two_copies_side_by_side_have_the_same_style, broken=E_twice, right=style_layer_loss)

# %% [markdown]
# **The cause.** $E_l$ is too small by $(N M)^2$, a factor that differs from layer to layer: no single $\beta$ repairs
# it. And it depends on the size of the picture, so that weights found on a small one fail on a large one. **The
# cure:** divide in one place. Discussed in jcjohnson/neural-style#90, jcjohnson/fast-neural-style#61, and
# lengstrom/fast-style-transfer#102 and #115. Which divisions belong to which program is the matter of A1.

# %%
for layer in STYLE:
    N, M_l = F[layer].shape
    assert abs(factor[layer] / (N * M_l) ** 2 - 1) < 1e-3, "the factor should be (N M)^2"
f"relu1_1: {factor['relu1_1']:.1e}, relu5_1: {factor['relu5_1']:.1e}"

# %% [markdown]
# ## Exhibit 9. The list that repeats
#
# Five [style layer losses](glossary.md#style-layer-loss) in a Python list, and a style weight of 10 before it. In
# numpy that would be a product.

# %%
losses = [style_layer_loss(F[layer], gram_matrix(S[layer])) for layer in STYLE]
len(10 * losses)

# %%
weighings = {
    "sum(w * losses)": lambda w: sum(w * losses).item(),
    "mean(w * losses)": lambda w: torch.stack(w * losses).mean().item(),
    "w * mean(losses)": lambda w: w * torch.stack(losses).mean().item(),
}
list(weighings)

# %% tags=["nbval-check-output"]
print(table({name: {f"w = {w}": weigh(w) for w in (1, 10, 100)} for name, weigh in weighings.items()}))

# %% tags=["nbval-check-output"]
for attempt in (lambda: sum(0.5 * losses), lambda: sum(0 * losses).backward()):
    try:
        attempt()
    except (TypeError, AttributeError) as error:
        print(f"{type(error).__name__}: {error}")

# %% [markdown]
# **What happened?** Under `mean` the weight has no effect at all. Under `sum` it works, as long as it is a whole number
# above zero.


# %%
def test_the_weight_is_a_factor(weigh):
    for w in (10, 0.5):
        try:
            share = weigh(w) / weigh(1)
        except TypeError:
            raise AssertionError(f"a weight of {w} is an error") from None
        assert abs(share / w - 1) < 1e-3, f"{w} times the weight is not {w} times the loss"


# %% tags=["nbval-check-output"]
judge(test_the_weight_is_a_factor, weighings["mean(w * losses)"], weighings["w * mean(losses)"])
judge(test_the_weight_is_a_factor, weighings["sum(w * losses)"], weighings["w * mean(losses)"])

# %% [markdown]
# **The cause.** A number times a *list* repeats the list: `10 * losses` has 50 entries. If they carry their weight
# already, a `10 *` that survived from some experiment makes the style count ten times what its weight says: a hidden
# factor that no search for `style_weight` will find. With 0.5 it is an error; with 0 the sum is the number 0, which
# has no gradient. **The cure:** multiply tensors: `w * sum(losses)`, or `torch.stack(losses)` first.

# %% [markdown]
# ## Exhibit 10. Two sizes, one formula
#
# We have the style picture in higher resolution too, twice as wide and twice as high. Surely that is better?

# %%
large = load_image("waves", size=320)[:, :, :170, :256]
glaring = paint(objective(a=large, E=lambda F, A, M_style: style_layer_loss(F, A)))
fair = paint(objective(a=large))
large.shape, glaring.shape

# %%
strip(
    {"Eq. 4 as printed": glaring, "each side divided by its M": fair},
    title="A style picture with four times the pixels",
    height=1.2,
    alt="Left, glaring red and yellow waves between black lines, in which an eye can be guessed. Right, the cat in "
    "orange waves of ordinary contrast.",
)

# %% [markdown]
# **What do you see?** The left painting shouts. What has four times the pixels to do with contrast?


# %%
def test_a_style_picture_twice_as_large_costs_nothing(E):
    F = torch.rand(5, 77, dtype=torch.float64)
    A = gram_matrix(torch.cat([F, F], 1))  # the same picture, twice side by side
    assert E(F, A, 154) < 1e-12, "a picture and two copies of it should have the same style"


# %% tags=["nbval-check-output"]
judge(
    test_a_style_picture_twice_as_large_costs_nothing,
    broken=lambda F, A, M_style: style_layer_loss(F, A),
    right=style_layer_loss,
)

# %% [markdown]
# **The cause.** An entry of a Gram matrix is a *sum* over positions. Four times the positions, four times the sum, and
# the painting, which has not more positions, can only answer with responses twice as strong: contrast. Eq. 4 is meant
# for two pictures of one size. **The cure:** divide each Gram matrix by its own $M$ (`style_layer_loss` does, given
# `M_style`), or bring both to one size. By what to divide is asked in leongatys/PytorchNeuralStyleTransfer#14 and
# keras-team/keras#6872.

# %% [markdown]
# ## Exhibit 11. Too deep
#
# A published program takes the content at `block5_conv2`. Deep means abstract, and abstract sounds like content. Our
# network ends one convolution earlier, so relu5_1 has to stand in. First the painting, here with $\beta = 60$, then
# what relu4_2 and relu5_1 know of the photograph, by [reconstruction](glossary.md#reconstruction) from
# [white noise](glossary.md#white-noise).

# %%
from stylekit.transfer import reconstruct

layers_tried = ["relu4_2", "relu5_1"]
[tuple(network.features(p, [layer])[layer].shape[2:]) for layer in layers_tried]  # rows and columns of positions

# %%
rebuilt = {layer: list(reconstruct(p, network, layer, steps=50))[-1].image for layer in layers_tried}
strip(
    {
        "content at relu4_2": paint(objective(beta=60)),
        "content at relu5_1": paint(objective(c="relu5_1", beta=60)),
        "relu4_2 rebuilt": rebuilt["relu4_2"],
        "relu5_1 rebuilt": rebuilt["relu5_1"],
    },
    title="Painted with, and rebuilt from, two layers",
    height=1.1,
    alt="Painted: with relu4_2 both eyes and the line of the nose can be followed; with relu5_1 waves run through the "
    "nose and into an eye. Rebuilt: from relu4_2 a grainy drawing of the cat; from relu5_1 strokes without a cat.",
)

# %% [markdown]
# **What is still content?** And must we look at noise to catch it?

# %% tags=["nbval-check-output"]
judge(test_content_is_seen_from_block_4, broken="relu5_1", right="relu4_2")

# %% [markdown]
# **The cause.** After four poolings a position stands for 16 by 16 pixels, and knows more about *what* than about
# *where*. The style then does as it likes with the rest. **The cure:** the paper's layer, conv4_2. The test is that of
# exhibit 2: one test often catches two mistakes, here in opposite directions.

# %% [markdown]
# ## Exhibit 12. The descent that gave up
#
# Means instead of sums, a Gram matrix divided by this and that: losses easily become tiny. But a loss times 0.000001
# has its minimum at the same place. So what could go wrong?


# %%
def lbfgs(scale, rounds=2, **options):
    """Return the loss, each time that torch's L-BFGS asks for it, scaled; 12 iterations a round."""
    x, total, losses = p.clone().requires_grad_(True), objective(), []
    optimiser = torch.optim.LBFGS([x], max_iter=12, **options)

    def closure():
        optimiser.zero_grad()
        loss = scale * total(x)["total"]
        loss.backward()
        losses.append(loss.item() / scale)
        return loss

    for _ in range(rounds):
        optimiser.step(closure)
    return losses


# %%
asked = {scale: lbfgs(scale) for scale in (1, 1e-3, 1e-6)}
total = objective()
ours = [1e6 * step.losses["total"] for step in minimise(p, lambda x: {"total": 1e-6 * total(x)["total"]}, 24)]

# %%
curves(
    {f"torch, loss x {scale:g}": (range(len(losses)), losses) for scale, losses in asked.items()}
    | {"stylekit, loss x 1e-06": (range(len(ours)), ours)},
    title="The same objective, in other units",
    xlabel="evaluations of the objective",
    ylabel="total loss",
    alt="Four curves that begin at the same height. Two fall to less than half: torch with the loss as it is, and "
    "stylekit with a millionth of it. Torch with a thousandth stays level; torch with a millionth ends after two.",
)

# %% [markdown]
# **What happened?** No warning, no error; two calls, two evaluations, and the painting is still the photograph. Who
# decided that this was the minimum?


# %%
def test_the_loss_falls(losses):
    assert min(losses) < 0.7 * losses[0], f"{len(losses)} evaluations, and the loss is where it was"


# %% tags=["nbval-check-output"]
judge(test_the_loss_falls, broken=asked[1e-6], right=ours)

# %% tags=["nbval-check-output"]
defaults = torch.optim.LBFGS([torch.zeros(1)]).defaults
{name: value for name, value in defaults.items() if name.startswith("tolerance")}

# %% [markdown]
# So set them to 0?

# %% tags=["nbval-check-output"]
stubborn = lbfgs(1e-6, tolerance_grad=0, tolerance_change=0)
print(f"{len(stubborn)} evaluations, loss {stubborn[0]:.3f} to {stubborn[-1]:.3f}")

# %% [markdown]
# **The cause.** Several numbers in L-BFGS are *absolute*. At a millionth the gradient is below `tolerance_grad`:
# arrived, it thinks. With tolerances of 0 it goes on, but its steps are as tiny as the gradient, and it remembers no
# change of the gradient below $10^{-10}$, so it never learns that it may step further: it only stands still for longer.
# So it does at a thousandth. **The cure:** bring the loss to a sensible size, as `minimise` does. Discussed in
# leongatys/PytorchNeuralStyleTransfer#4 and jcjohnson/neural-style#87 and #179.

# %% [markdown]
# ## Exhibit 13. The network that wanted to learn
#
# The weights of the [loss network](glossary.md#loss-network) never change. But a network comes from its file ready to
# learn, unless told otherwise.


# %%
def growth(network, looks=8):
    """Return the length of the weights' stored gradient after each step of a descent on the pixels alone."""
    x, lengths = p.clone().requires_grad_(True), []
    optimiser = torch.optim.Adam([x], lr=0.02)
    for _ in range(looks):
        optimiser.zero_grad()
        network.features(x, ["relu5_1"])["relu5_1"].square().mean().backward()
        optimiser.step()
        lengths.append(sum(w.grad.square().sum().item() for w in network.parameters() if w.grad is not None) ** 0.5)
    return lengths


# %%
unfrozen = copy.deepcopy(network).requires_grad_(True)
sum(w.numel() for w in unfrozen.parameters()), "weights"

# %%
start = time.perf_counter()
frozen_lengths, half_time = growth(network), time.perf_counter()
unfrozen_lengths, end = growth(unfrozen), time.perf_counter()
f"unfrozen took {(end - half_time) / (half_time - start):.1f} times as long (roughly: it varies)"

# %%
print("frozen:  ", " ".join(f"{length:.2g}" for length in frozen_lengths))
print("unfrozen:", " ".join(f"{length:.2g}" for length in unfrozen_lengths))

# %% [markdown]
# **Why does it grow,** although `zero_grad` is called in each step?


# %%
def test_the_weights_collect_nothing(network):
    waste = sum(w.grad.numel() for w in network.parameters() if w.grad is not None)
    assert waste == 0, f"{waste} numbers computed and kept for nothing"


# %% tags=["nbval-check-output"]
judge(test_the_weights_collect_nothing, broken=unfrozen, right=network)

# %% [markdown]
# **The cause.** The optimiser knows only $x$, so its `zero_grad` clears only $x$. A look costs one pass forward and one
# back to the pixels; an unfrozen network adds a third, to every weight, and *adds* the result to what lies there. The
# painting stays right: nobody uses these numbers. **The cure:** `network.requires_grad_(False)`, which `load_network`
# has done for you.

# %% [markdown]
# ## Exhibit 14. Work that nobody asked for
#
# Style at relu1_1, relu2_1 and relu3_1, nothing deeper. A program runs the whole network and picks what it wants.


# %%
def evaluated(look):
    """Return the names of the convolutions that are evaluated when a network is looked through."""
    calls = []
    hooks = [
        c.register_forward_hook(lambda *_, name=name: calls.append(name)) for name, c in network.convolutions.items()
    ]
    look(p)
    for hook in hooks:
        hook.remove()
    return calls


shallow = ["relu1_1", "relu2_1", "relu3_1"]


def whole(x):
    """Return the responses wanted, picked from all."""
    found = network.features(x, network.layers)
    return {layer: found[layer] for layer in shallow}


def needed(x):
    """Return the responses wanted, and compute no more."""
    return network.features(x, shallow)


evaluated(needed)

# %%
cost = {name: c.weight.numel() * see(p)["relu" + name[4:]].shape[1] / 1e6 for name, c in network.convolutions.items()}
bars(
    {
        name: sum(cost[c] for c in evaluated(look))
        for name, look in {"whole network": whole, "as deep as needed": needed}.items()
    },
    title="Millions of multiplications for one look",
    alt="Two bars: the whole network needs three times the multiplications of the part that is needed.",
)

# %% [markdown]
# **Why did nobody notice?** Because the responses are right, and so is the painting:

# %%
assert all(torch.equal(whole(p)[layer], needed(p)[layer]) for layer in shallow)
"the same responses"


# %%
def test_no_deeper_than_needed(look):
    calls = evaluated(look)
    assert calls[-1] == "conv3_1", f"{len(calls)} convolutions evaluated, as far as {calls[-1]}"


# %% tags=["nbval-check-output"]
judge(test_no_deeper_than_needed, broken=whole, right=needed)

# %% [markdown]
# **The cause.** A loop without a `break`. With the paper's layers VGG-19 need not go beyond conv5_1, its 13th
# convolution of 16. **The cure:** stop at the deepest layer asked for, and do not ask for layers with
# [weight](glossary.md#layer-weight) 0.

# %%
from stylekit.networks import VGG19

up_to_block_4 = sum(VGG19.blocks[:4])
assert (up_to_block_4 + 1, sum(VGG19.blocks)) == (13, 16)
f"conv5_1 is number {up_to_block_4 + 1} of {sum(VGG19.blocks)}"

# %% [markdown]
# ## Exhibit 15. The grey picture
#
# To keep the photograph's colours, give them to the style picture first: match mean and deviation of its brightness
# and of two differences of colours.

# %%
OPPONENT = torch.tensor([[1 / 3, 1 / 3, 1 / 3], [1.0, -1.0, 0.0], [0.5, 0.5, -1.0]])  # brightness, R - G, (R + G)/2 - B


def match_by_deviation(style, photograph):
    """Return the style picture with the photograph's mean and deviation of brightness and colour differences."""
    s, t = (torch.einsum("ij,bjhw->bihw", OPPONENT, x) for x in (style, photograph))
    (mean_s, mean_t), (dev_s, dev_t) = (
        [f(x, dim=(2, 3), keepdim=True) for x in (s, t)] for f in (torch.mean, torch.std)
    )
    matched = (s - mean_s) / dev_s * dev_t + mean_t
    return torch.einsum("ij,bjhw->bihw", OPPONENT.inverse(), matched)


# %%
from stylekit.colour import match_colour

grey = a.mean(dim=1, keepdim=True).expand(-1, 3, -1, -1)  # R = G = B
grey.shape

# %%
strip(
    {
        "colour style": a,
        "matched": match_by_deviation(a, p),
        "grey style": grey,
        "NaN (black)": match_by_deviation(grey, p).nan_to_num(0),
        "match_colour": match_colour(grey, p),
    },
    title="A style picture in the photograph's colours",
    height=1.0,
    alt="The orange style picture; the same in the cat's browns; the style picture in grey; a picture that is black "
    "all over; and the grey style picture tinted brown.",
)

# %% tags=["nbval-check-output"]
from stylekit.optimise import NonFiniteLoss

print(f"{match_by_deviation(grey, p).isnan().float().mean():.0%} of the values are NaN")
try:
    paint(objective(a=match_by_deviation(grey, p)))
except NonFiniteLoss as error:
    print(f"{type(error).__name__}: {error}")

# %% [markdown]
# **What happened?** The colour style went well. What has a grey picture that another has not, or not what another has?


# %%
def test_a_grey_style_is_matched(match):
    assert match(grey, p).isfinite().all(), "matching a grey picture gives values that are no numbers"


# %% tags=["nbval-check-output"]
judge(test_a_grey_style_is_matched, broken=match_by_deviation, right=match_colour)

# %% [markdown]
# **The cause.** In a grey picture $R - G$ is 0 everywhere, so its deviation is 0, and $0 / 0$ is NaN: not a number.
# NaN spreads to everything it touches. **The cure:** add a little to what you divide by: `match_colour` adds it to the
# covariances, where the same trap waits as a singular matrix. Met in dsanno/chainer-neural-style#7.

# %% [markdown]
# ## What we learned
#
# Mistakes in style transfer are quiet. Three kinds of tests make them speak:
#
# - an **identity** that must hold whatever the numbers: moved positions, two copies side by side, a picture in company;
# - a **picture whose answer is known**: pure red, the mean colour, plain grey;
# - a **count**: of convolutions, of evaluations, of numbers kept, of positions.
#
# The checklist, to be pinned beside the screen:
#
# | ask | exhibit |
# |---|---|
# | Are there negative values before the ReLU? | 1 |
# | Does the content layer have an eighth of the picture's rows? | 2, 11 |
# | Does the Gram matrix stay when positions are moved? | 3 |
# | Does a picture keep its Gram matrix in company? | 4 |
# | Does pure red arrive as red? | 5 |
# | Does the mean colour become 0? | 6 |
# | Does the optimiser know of every change of $x$? | 7 |
# | Do two copies of both pictures cost the same as one? | 8 |
# | Is ten times the weight ten times the loss? And half? | 9 |
# | Does a style picture of double size cost nothing? | 10 |
# | Does the loss fall when it is scaled by a millionth? | 12 |
# | Are the weights' gradients empty after a backward pass? | 13 |
# | Is the last convolution evaluated the deepest one needed? | 14 |
# | Does a grey picture give numbers? | 15 |
#
# ## Roads not taken
#
# - Comparing a painting with a stored one, pixel by pixel: it fails on every other machine, and does not say why.
# - `torch.autograd.set_detect_anomaly(True)`: it finds the step that made a NaN, at the price of slow painting.
# - Checks of types and shapes: they catch exhibit 4 at once and exhibit 3 never.
#
# ## Exercises
#
# 1. Which of the tests above would still pass if `style_layer_loss` forgot the factor 1/4? Add a test that does not.
# 2. Change `descend` in exhibit 7 so that it clamps only at every tenth evaluation. Does it leap sooner or later?
# 3. In exhibit 12 find the largest scale at which torch's L-BFGS does not move at all. How does it change if you paint
#    at 64 pixels, and why?
# 4. Put two mistakes into one program, of your choice. In which order do the tests lead you to them?
