"""Scores equal a slow oracle without any cache, completions follow the scores; tiny random models, and one real one."""

from importlib import import_module

import numpy as np
import pytest
from tests.models.needed import give_up, needed

from labelwright.data import DataUnavailable
from labelwright.errors import InputError
from labelwright.models import Completes, Message, Opens, Scores, Transformers, able, local

TEXT = """Read the sentence and say which label fits. Sentence: a wonderful film, really. Label: positive
Sentence: dull and far too long, I would not go again. Label: negative. not so good at all, world news, sports"""
BASE = "Read the sentence and say which label fits.\nSentence: "
PROMPTS = [
    f"{BASE}a wonderful film, really\nLabel:",
    f"{BASE}dull and far too long, I would not go there again, never ever\nLabel:",
    f"{BASE}hm\nLabel:",
    "Sentence",
    f"{BASE}a wonderful film\nLabel: ",  # ends in a space that a token of the label takes in
]
LABELS = [" positive", " negative", " not so good at all", "!", " world news"]


def save(folder, kind, **options):
    """A tiny random model and a tokenizer trained on `TEXT`."""
    import tokenizers
    import torch
    import transformers

    words = tokenizers.Tokenizer(tokenizers.models.BPE())
    words.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    words.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=330,
        special_tokens=["<end>"],
        initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    words.train_from_iterator([TEXT], trainer)
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=words, eos_token="<end>")
    sizes = {
        "vocab_size": len(tokenizer), "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8, "max_position_embeddings": 160,
        "eos_token_id": 0, "pad_token_id": 0, "bos_token_id": 0, "initializer_range": 0.3,
    }  # fmt: skip
    config = getattr(transformers, f"{kind}{'Text' * (kind == 'Gemma3')}Config")(**sizes, **options)
    torch.manual_seed(0)
    getattr(transformers, f"{kind}ForCausalLM")(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    needed("transformers", "torch")
    return Transformers(save(tmp_path_factory.mktemp("tiny"), "Llama"))


@pytest.fixture(scope="session")
def sliding(tmp_path_factory):
    needed("transformers", "torch")
    folder = tmp_path_factory.mktemp("sliding")
    return Transformers(
        save(folder, "Gemma3", sliding_window=24, layer_types=["sliding_attention", "full_attention"])
    )


@pytest.fixture(scope="session")
def real():
    needed("transformers", "torch", "gguf", "accelerate")
    try:
        return local()
    except DataUnavailable as problem:
        give_up(str(problem))


def oracle(model, prompt, labels):
    """Log-probabilities from one full forward pass for each label, from the last token that all of them leave whole."""
    import torch

    before, whole = model.ids(prompt), [model.ids(prompt + label) for label in labels]
    kept = 0
    while kept < len(before) and all(kept < len(ids) and ids[kept] == before[kept] for ids in whole):
        kept += 1
    found = []
    for ids in whole:
        with torch.inference_mode():
            logits = model.module(input_ids=torch.tensor([ids]), use_cache=False).logits[0].float()
        logprobs = torch.log_softmax(logits, dim=-1)
        found.append(np.array([float(logprobs[i - 1, ids[i]]) for i in range(kept, len(ids))]))
    return found


def same(model, prompts, labels, rows, atol=2e-4):
    for prompt, row in zip(prompts, rows, strict=True):
        for one, ought in zip(row, oracle(model, prompt, labels), strict=True):
            np.testing.assert_allclose(one.logprobs, ought, atol=atol)
            assert one.total == pytest.approx(ought.sum(), abs=1e-3)
            assert len(one.tokens) == len(ought)
            assert (one.logprobs <= 0).all()


@pytest.mark.parametrize("which", ["tiny", "sliding"])
@pytest.mark.parametrize("tokens_at_once", [1, 60, 4096])
def test_scores_equal_full_passes(which, tokens_at_once, request):
    model = request.getfixturevalue(which)
    model.tokens_at_once = tokens_at_once
    same(model, PROMPTS, LABELS, model.score(PROMPTS, LABELS))
    same(model, PROMPTS[:3], LABELS, model.score(PROMPTS[:3], LABELS))  # these share a beginning
    same(model, PROMPTS[:1] * 2, LABELS[:1], model.score(PROMPTS[:1] * 2, LABELS[:1]))


def test_a_token_over_the_border_is_counted_for_all(tiny):
    [row] = tiny.score([PROMPTS[4]], LABELS[:2])
    assert tiny.ids(PROMPTS[4])[-1] not in tiny.ids(PROMPTS[4] + "positive")[-2:]
    [plain] = tiny.score([PROMPTS[4]], ["positive", "negative"])
    assert [one.tokens for one in plain] == [
        one.tokens for one in tiny.score([PROMPTS[4][:-1]], LABELS[:2])[0]
    ]
    assert len(row[0].tokens) >= 1


def test_probabilities_of_all_next_tokens_sum_to_one(tiny):
    tokens = [tiny.tokenizer.decode([i]) for i in range(1, len(tiny.tokenizer))]
    alone = [t for i, t in enumerate(tokens, 1) if tiny.ids(PROMPTS[0] + t) == [*tiny.ids(PROMPTS[0]), i]]
    assert len(alone) > 60
    total = sum(np.exp(one.total) for one in tiny.score([PROMPTS[0]], alone)[0])
    assert 0 < total <= 1 + 1e-5


def test_continuations_of_each_prompt_and_order(tiny):
    rows = tiny.score(PROMPTS[:3], [[" positive"], [" negative", "!"], [" world news"]])
    assert [len(row) for row in rows] == [1, 2, 1]
    back = tiny.score(PROMPTS[:3][::-1], [[" world news"], [" negative", "!"], [" positive"]])[::-1]
    for row, other in zip(rows, back):
        for one, two in zip(row, other):
            np.testing.assert_allclose(one.logprobs, two.logprobs, atol=1e-4)


def test_the_greedy_answer_is_the_most_probable_token_each_time(tiny):
    follow_the_scores(tiny, PROMPTS[:3], 6)


def follow_the_scores(model, prompts, n):
    import torch

    for prompt, said in zip(prompts, model.complete(prompts, max_tokens=n)):
        ids = model.ids(prompt)
        written = []
        for _ in range(n):
            with torch.inference_mode():
                token = int(
                    model.module(input_ids=torch.tensor([ids + written]), use_cache=False)
                    .logits[0, -1]
                    .argmax()
                )
            if token == model.tokenizer.eos_token_id:
                break
            written.append(token)
        assert said.text == model.tokenizer.decode(written)
        assert said.usage.prompt_tokens == len(ids)
        assert said.finish_reason == ("length" if len(written) == n else "stop")
        assert said.usage.completion_tokens == min(len(written) + 1, n)


def test_draws_depend_on_the_seed_alone(tiny):
    first = tiny.complete(PROMPTS[:3], temperature=1.0, seed=3, max_tokens=8)
    again = tiny.complete([PROMPTS[2], PROMPTS[0]], temperature=1.0, seed=3, max_tokens=8)
    assert [again[1].text, again[0].text] == [first[0].text, first[2].text]
    several = {tiny.complete(PROMPTS[:1], temperature=2.0, seed=s, max_tokens=8)[0].text for s in range(5)}
    assert len(several) > 1


def test_it_ends_before_what_stops_it(tiny):
    whole = tiny.complete(PROMPTS[:1], max_tokens=10)[0].text
    stop = whole[len(whole) // 2 :][:3]
    said = tiny.complete(PROMPTS[:1], max_tokens=10, stop=["not there", stop])[0]
    assert said.text == whole[: whole.index(stop)]
    assert said.finish_reason == "stop"


def test_the_inside(tiny):
    import torch

    assert all(able(tiny, what, purpose="This") is tiny for what in (Completes, Scores, Opens))
    inside, ids = tiny.open(), tiny.ids(PROMPTS[0])
    assert inside.embedding.shape == (len(tiny.tokenizer), 32)
    assert inside.n_layers == 2
    attention = inside.attentions(ids)
    assert attention.shape == (2, 4, len(ids), len(ids))
    assert torch.allclose(attention.sum(-1), torch.ones(2, 4, len(ids)), atol=1e-5)
    assert (attention.triu(1) == 0).all()
    assert torch.equal(inside.hidden(ids, 0), inside.embedding[ids])
    vectors = inside.embedding[ids][None].detach().requires_grad_()
    logits = inside.logits(vectors)
    assert torch.allclose(logits, tiny.module(input_ids=torch.tensor([ids])).logits, atol=1e-4)
    logits[0, -1, 5].backward()
    assert vectors.grad.abs().sum() > 0
    assert tiny.module.config._attn_implementation != "eager"


def test_threads_are_given_back(tiny):
    import torch

    before = torch.get_num_threads()
    tiny.score(PROMPTS[:1], LABELS[:1])
    assert torch.get_num_threads() == before
    assert not torch.is_inference_mode_enabled()


def test_what_does_not_fit_is_told(tiny, tmp_path):
    with pytest.raises(InputError, match=r"prompt 1 and its answer take \d+ tokens, .* holds 160"):
        tiny.score(["a", "b " * 200], [" x"])
    with pytest.raises(InputError, match="prompt 0 and its answer"):
        tiny.complete(["a"], max_tokens=160)
    with pytest.raises(InputError, match="knows no chat"):
        tiny.complete([(Message("user", "x"),)])
    with pytest.raises(InputError, match="prompt 0 has no token before"):
        tiny.score([""], [" x"])
    with pytest.raises(InputError, match="has no token of its own"):
        tiny.score(["a"], [" x", ""])
    with pytest.raises(InputError, match="max_tokens=0"):
        tiny.complete(["a"], max_tokens=0)
    with pytest.raises(InputError, match="is one text"):
        tiny.score("a", [" x"])
    for folder, options, message in (
        ("SmolLM2-135M", {}, "is no folder; nothing is downloaded"),
        (tmp_path, {}, "holds no config.json"),
        (tiny.folder, {"gguf_file": "no.gguf"}, "holds no no.gguf"),
        (tiny.folder, {"dtype": "int4"}, "dtype='int4'"),
    ):
        with pytest.raises(InputError, match=message):
            Transformers(folder, **options)


def test_the_name_tells_models_apart(tiny, sliding, tmp_path):
    assert tiny.name != Transformers(tiny.folder, dtype="bfloat16").name
    assert tiny.name == Transformers(tiny.folder).name
    copy = tmp_path / tiny.folder.name
    copy.mkdir()
    for path in tiny.folder.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    assert Transformers(copy).name == tiny.name
    content = (copy / "model.safetensors").read_bytes()
    (copy / "model.safetensors").write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert Transformers(copy).name != tiny.name


def test_a_chat_is_written_as_the_model_was_taught(tiny):
    tiny.tokenizer.chat_template = (
        "{% for m in messages %}[{{ m['role'] }}] {{ m['content'] }}\n{% endfor %}Label:"
    )
    try:
        chat = [(Message("user", "a wonderful film"),), (("user", "{{ 1 + 1 }}"),)]
        texts = ["[user] a wonderful film\nLabel:", "[user] {{ 1 + 1 }}\nLabel:"]
        assert [tiny.ids(turns) for turns in chat] == [tiny.ids(text) for text in texts]
        for row, other in zip(tiny.score(chat, LABELS), tiny.score(texts, LABELS)):
            assert [one.total for one in row] == pytest.approx([one.total for one in other], abs=1e-4)
    finally:
        tiny.tokenizer.chat_template = None


def test_weights_that_are_pickles_are_refused(tiny, tmp_path):
    import torch

    for path in tiny.folder.iterdir():
        if path.suffix != ".safetensors":
            (tmp_path / path.name).write_bytes(path.read_bytes())
    torch.save(tiny.module.state_dict(), tmp_path / "pytorch_model.bin")
    with pytest.raises(OSError, match="safetensors"):
        Transformers(tmp_path).module  # noqa: B018


# --- a real model, out of a package ---


@pytest.mark.network
@pytest.mark.slow
def test_a_real_model(real):
    same(real, PROMPTS[:3], LABELS[:3], real.score(PROMPTS[:3], LABELS[:3]), atol=1e-3)
    follow_the_scores(real, ["The capital of France is"], 3)
    assert real.complete(["The capital of France is"], max_tokens=2)[0].text.startswith(" Paris")
    good, bad = real.score(
        ["Sentence: a wonderful, moving film\nSentiment:", "Sentence: dull and a waste of time\nSentiment:"],
        [" positive", " negative"],
    )
    assert good[0].total - good[1].total > bad[0].total - bad[1].total
    turns = (Message("user", "Say yes."),)
    assert real.tokenizer.decode(real.ids(turns)).endswith("<|im_start|>assistant\n")


@pytest.mark.network
def test_a_local_model_is_converted_once(real, monkeypatch):
    monkeypatch.setattr(
        import_module("labelwright.models.local"), "read", None
    )  # nothing is fetched any more
    assert local().name == real.name


def test_a_package_that_was_altered_is_refused(monkeypatch, tmp_path):
    needed("transformers", "gguf", "accelerate")
    monkeypatch.setenv("LABELWRIGHT_CACHE", str(tmp_path))
    module = import_module("labelwright.models.local")
    monkeypatch.setattr(module, "read", lambda part: dict.fromkeys(part.files, b"GGUF and more"))
    with pytest.raises(InputError, match="do not make the file we know"):
        local()
    assert list((tmp_path / "models").iterdir()) == []
