"""The torch modules: shapes, gradients, and the formulas they stand for."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from scipy import sparse

from labelwright.errors import InputError
from labelwright.nets import (
    GCN,
    MLP,
    Nodes,
    SmallCNN,
    SmallViT,
    TextTransformer,
    WordTokens,
    normalised,
    seeded,
)
from labelwright.nets.attention import Attention

WORDS = torch.tensor([[5, 9, 3, 0, 0], [7, 0, 0, 0, 0], [2, 4, 6, 8, 9]])
LINKS = sparse.csr_array(([1.0, 1, 1, 1, 2, 2], ([0, 1, 1, 2, 0, 2], [1, 0, 2, 1, 2, 0])), shape=(4, 4))


def drawn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


CASES = {
    "mlp": (lambda: MLP(6, 3, hidden=(8, 5)), (drawn(4, 6),), 5),
    "logistic": (lambda: MLP(6, 3, hidden=()), (drawn(4, 6),), 6),
    "cnn8": (lambda: SmallCNN(1, 3, 8, width=8), (drawn(4, 1, 8, 8),), 4 * 16),
    "cnn28": (lambda: SmallCNN(1, 3, 28, width=8), (drawn(2, 1, 28, 28),), 4 * 32),
    "cnn32": (lambda: SmallCNN(3, 3, 32, width=8), (drawn(2, 3, 32, 32),), 4 * 32),
    "vit": (lambda: SmallViT(8, 4, 2, 3, dim=16, depth=2, heads=2), (drawn(4, 2, 8, 8),), 16),
    "text": (lambda: TextTransformer(10, 3, dim=16, length=5, dropout=0.0), (WORDS,), 16),
    "gcn": (lambda: GCN(6, 3, hidden=5, dropout=0.0), (drawn(4, 6), normalised(LINKS)), 5),
    "nodes": (lambda: Nodes(GCN(6, 3, hidden=5), drawn(4, 6), normalised(LINKS)), (torch.tensor([2, 0]),), 5),
}


def shaken(net, seed=3):
    """Move every weight a little, since some start at 0."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for part in net.parameters():
            part += 0.1 * torch.randn(part.shape, generator=generator)
    return net


@pytest.mark.parametrize("case", CASES)
def test_logits_and_features_have_their_shapes(case):
    make, inputs, d = CASES[case]
    net = make().eval()
    logits = net(*inputs)
    again, features = net(*inputs, return_features=True)
    assert logits.shape == (len(inputs[0]), 3)
    assert features.shape == (len(inputs[0]), d)
    torch.testing.assert_close(logits, again)


@pytest.mark.parametrize("case", CASES)
def test_gradients_reach_every_weight(case):
    make, inputs, _ = CASES[case]
    net = shaken(make().eval())
    (net(*inputs) * drawn(1, 3)).sum().backward()
    still = [name for name, part in net.named_parameters() if part.grad is None or not part.grad.any()]
    assert not still


@pytest.mark.parametrize("case", ["mlp", "cnn8", "vit", "text"])
def test_the_last_layer_is_linear_in_the_features(case):
    make, inputs, _ = CASES[case]
    net = shaken(make().eval())
    logits, features = net(*inputs, return_features=True)
    torch.testing.assert_close(logits, features @ net.out.weight.T + net.out.bias)


@pytest.mark.parametrize("case", ["mlp", "cnn8", "vit", "text"])
def test_items_do_not_depend_on_their_batch(case):
    make, inputs, _ = CASES[case]
    net = shaken(make())
    torch.testing.assert_close(net(inputs[0][1:2]), net(*inputs)[1:2], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("case", ["vit", "text"])
def test_attention_rows_sum_to_one_and_both_paths_agree(case):
    make, inputs, _ = CASES[case]
    net = shaken(make().eval())
    logits, features, attention = net(*inputs, return_features=True, return_attention=True)
    n, tokens = len(inputs[0]), 6 if case == "text" else 5
    assert attention.shape == (n, 2, net.encoder.attention[0].heads, tokens, tokens)
    torch.testing.assert_close(attention.sum(dim=-1), torch.ones(attention.shape[:-1]))
    assert attention.std() > 0.01
    plain, plain_features = net(*inputs, return_features=True)
    torch.testing.assert_close(plain, logits, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(plain_features, features, atol=1e-5, rtol=1e-4)


def test_attention_is_the_formula():
    net = shaken(Attention(6, 2))
    x = drawn(1, 3, 6)
    out, weights = net(x, weigh=True)
    q, k, v = (x[0] @ net.qkv.weight.T + net.qkv.bias).split(6, dim=1)
    mixed = []
    for head in range(2):
        part = slice(3 * head, 3 * head + 3)
        dots = q[:, part] @ k[:, part].T / 3**0.5
        torch.testing.assert_close(weights[0, head], dots.exp() / dots.exp().sum(dim=1, keepdim=True))
        mixed.append(weights[0, head] @ v[:, part])
    torch.testing.assert_close(out[0], torch.cat(mixed, dim=1) @ net.out.weight.T + net.out.bias)


def test_a_vit_sees_where_a_patch_is_and_cuts_it_out_whole():
    net = shaken(SmallViT(4, 2, 1, 2, dim=8, depth=1, heads=1).eval())
    x = torch.arange(16.0).reshape(1, 1, 4, 4)
    seen = []
    net.embed.register_forward_hook(lambda module, args, out: seen.append(args[0]))
    logits = net(x)
    assert seen[0][0].tolist() == [[0, 1, 4, 5], [2, 3, 6, 7], [8, 9, 12, 13], [10, 11, 14, 15]]
    assert not torch.allclose(net(x.flip(-1)), logits)


def test_more_padding_changes_nothing():
    net = shaken(TextTransformer(10, 3, dim=16, length=8, dropout=0.0))
    padded = torch.cat([WORDS, torch.zeros(3, 3, dtype=torch.long)], dim=1)
    torch.testing.assert_close(net(padded), net(WORDS), atol=1e-5, rtol=1e-4)
    with torch.no_grad():
        net.embed.weight[0] += 1  # what stands in the padding is never looked at
    torch.testing.assert_close(net(padded), net(WORDS), atol=1e-5, rtol=1e-4)
    logits, maps = net(padded, return_attention=True)
    torch.testing.assert_close(logits, net(WORDS), atol=1e-5, rtol=1e-4)
    assert not maps[1, :, :, :, 2:].any()


def test_an_empty_text_has_finite_logits_and_gradients():
    net = shaken(TextTransformer(10, 3, length=4))
    logits = net(torch.zeros(2, 4, dtype=torch.long))
    logits.sum().backward()
    assert torch.isfinite(logits).all()
    assert all(torch.isfinite(part.grad).all() for part in net.parameters() if part.grad is not None)


def test_gcn_is_the_dense_formula():
    net = shaken(GCN(6, 3, hidden=5).eval())
    x = drawn(4, 6)
    a = LINKS.toarray() + np.eye(4)
    d = np.diag(a.sum(axis=1) ** -0.5)
    a = torch.tensor(d @ a @ d, dtype=torch.float32)
    torch.testing.assert_close(normalised(LINKS).to_dense(), a)
    hidden = (a @ x @ net.first.weight.T + net.shift).clamp(min=0)
    torch.testing.assert_close(
        net(x, normalised(LINKS)), a @ hidden @ net.out.weight.T + net.out_shift, atol=1e-5, rtol=1e-4
    )


def test_nodes_are_rows_of_the_whole_graph():
    gcn = shaken(GCN(6, 3).eval())
    nodes = Nodes(gcn, drawn(4, 6), normalised(LINKS)).eval()
    rows = torch.tensor([3, 1, 1])
    torch.testing.assert_close(nodes(rows), gcn(drawn(4, 6), normalised(LINKS))[rows])
    assert not any("x" in name or "adjacency" in name for name in nodes.state_dict())


def test_words_get_ids_by_frequency():
    tokens = WordTokens(length=3, size=4).fit(["b a b", "b a c", ""])
    assert tokens.words_ == ["b", "a"]
    assert len(tokens) == 4
    assert tokens.transform(["A b", "c b a b", ""]).tolist() == [[3, 2, 0], [1, 2, 3], [0, 0, 0]]
    assert len(WordTokens(min_count=2).fit(["b a b"])) == 3


def test_the_same_seed_builds_the_same_net_and_leaves_torch_alone():
    before = torch.random.get_rng_state()
    one, same, other = (seeded(lambda: MLP(4, 3), s) for s in (1, 1, 2))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.equal(one.out.weight, same.out.weight)
    assert not torch.equal(one.out.weight, other.out.weight)
    fresh = [seeded(lambda: MLP(4, 3), None) for _ in range(2)]
    assert not torch.equal(fresh[0].out.weight, fresh[1].out.weight)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SmallCNN(1, 3, 2), "size=2"),
        (lambda: SmallCNN(1, 3, 8, width=12), "width=12"),
        (lambda: SmallViT(8, 3, 1, 2), "patch=3 must divide size=8"),
        (lambda: SmallViT(8, 4, 1, 2, dim=10, heads=4), "dim=10 must be a multiple of heads=4"),
        (lambda: TextTransformer(10, 2, length=2)(WORDS), "5 words a text, more than length=2"),
        (lambda: normalised(np.ones((2, 3))), r"shape \(2, 3\)"),
        (lambda: normalised(np.array([[0, 1], [-2, 0]])), r"adjacency\[1, 0\] is -2"),
        (lambda: normalised(np.array([[0, np.nan], [0, 0]])), r"adjacency\[0, 1\] is nan"),
        (lambda: WordTokens(length=0).fit(["a"]), "length=0"),
        (lambda: WordTokens().fit("a text"), "one string"),
        (lambda: WordTokens().fit(["a", None]), r"texts\[1\] is None"),
    ],
)
def test_what_cannot_be_built_says_why(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_without_torch_the_extra_is_named():
    code = "import sys; sys.modules['torch'] = None; import labelwright.nets"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert 'labelwright.nets needs torch; install it with: pip install "labelwright[torch]"' in done.stderr
