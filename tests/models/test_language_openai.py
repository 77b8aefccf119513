"""A server of our own on the loopback, which refuses, stumbles, lies and dawdles."""

import json
import logging
import pickle
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from tests.models.needed import needed

from labelwright.errors import InputError
from labelwright.models import (
    Cached,
    CallFailed,
    GaveUp,
    Message,
    Metered,
    ModelCannot,
    OpenAICompatible,
    Patient,
    as_language_model,
)


class Server:
    """Gives the answers it was handed, in order, then by `say`; keeps what it was asked."""

    def __init__(self):
        self.asked, self.answers, self.say = [], [], lambda path, body: chat("spam")
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.asked.append((self.path, body, self.headers.get("Authorization")))
                answer = outer.answers.pop(0) if outer.answers else outer.say(self.path, body)
                status, headers, content = answer if isinstance(answer, tuple) else (200, {}, answer)
                content = content if isinstance(content, bytes) else json.dumps(content).encode()
                self.send_response(status)
                for name, value in {"Content-Length": str(len(content)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                pause = float(headers.get("X-Pause", 0))
                for part in (content[:3], content[3:]):
                    self.wfile.write(part)
                    self.wfile.flush()
                    time.sleep(pause)
                if int(headers.get("Content-Length", 0)) > len(content):
                    self.close_connection = True

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def server():
    needed("httpx2")
    found = Server()
    yield found
    found.stop()


def chat(text, reason="stop", **more):
    usage = {"prompt_tokens": 9, "completion_tokens": 2}
    return {"choices": [{"message": {"content": text}, "finish_reason": reason, **more}], "usage": usage}


def test_it_completes(server):
    model = OpenAICompatible(server.url, "m")
    server.answers = [chat("spam"), chat(None, "content_filter"), chat("cut", "length")]
    prompts = ["x", (Message("system", "s"), Message("user", "u")), "y"]
    said = model.complete(prompts, max_tokens=3, temperature=0.5, stop=["\n"], seed=7)
    assert [(one.text, one.finish_reason) for one in said] == [
        ("spam", "stop"),
        ("", "other"),
        ("cut", "length"),
    ]
    assert said[0].usage[:4] == (9, 2, 1, 0)
    assert [path for path, *_ in server.asked] == ["/v1/chat/completions"] * 3
    assert server.asked[0][1] == {
        "model": "m", "messages": [{"role": "user", "content": "x"}], "max_tokens": 3, "temperature": 0.5,
        "stop": ["\n"], "seed": 7,
    }  # fmt: skip
    assert [turn["role"] for turn in server.asked[1][1]["messages"]] == ["system", "user"]
    server.answers = [{"choices": [{"text": " spam", "finish_reason": "stop"}]}]
    text = OpenAICompatible(server.url + "/", "m", chat=False)
    assert text.complete(["x"])[0].text == " spam"
    assert server.asked[-1][:2] == (
        "/v1/completions",
        {"model": "m", "prompt": "x", "max_tokens": 64, "temperature": 0.0},
    )
    with pytest.raises(InputError, match="takes texts"):
        text.complete([(Message("user", "u"),)])


def test_it_is_tried_again_as_the_server_asks(server):
    pauses = []
    server.answers = [
        (429, {"Retry-After": "3"}, {"error": "slow down"}),
        (503, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, b"later"),
        (500, {}, b""),
        (200, {}, b'{"choices": [{"mess'),
        (200, {"Content-Length": "5000"}, chat("spam")),
        chat("spam"),
    ]
    model = Patient(OpenAICompatible(server.url, "m"), sleep=pauses.append, random_state=0)
    assert model.complete(["x"])[0].text == "spam"
    assert pauses[0] == 3
    assert len(pauses) == len(server.asked) - 1 == 5


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 302])
def test_a_refusal_is_final(status, server):
    server.answers = [(status, {"Location": "/elsewhere"}, {"error": {"message": "no such model"}})]
    with pytest.raises(GaveUp, match=f"refused with status {status}: .*no such model"):
        Patient(OpenAICompatible(server.url, "m")).complete(["x"])
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "answer",
    [
        [], 3, "spam", {}, {"choices": []}, {"choices": None}, {"choices": [3]}, {"choices": [{}]}, {"error": "x"},
        {"choices": [{"message": None}]}, {"choices": [{"message": {"content": 3}}]}, {"choices": [{"text": "x"}]},
        {"choices": [{"message": {"content": ["x"]}}]},
    ],
)  # fmt: skip
def test_a_wrong_shape_is_a_failure_and_no_answer(answer, server):
    server.answers = [answer]
    with pytest.raises(CallFailed) as failed:
        OpenAICompatible(server.url, "m").complete(["x"])
    assert failed.value.status is None
    assert not failed.value.passing


def test_strange_counts_are_left_out(server):
    server.answers = [
        {**chat("x"), "usage": usage} for usage in (None, [], {"prompt_tokens": "9"}, {"prompt_tokens": -1})
    ]
    model = OpenAICompatible(server.url, "m")
    assert [one.usage[:2] for one in model.complete(["x"] * 4)] == [(0, 0)] * 4


def test_a_slow_or_endless_answer_is_cut_off(server, monkeypatch):
    server.answers = [(200, {"X-Pause": "0.6"}, chat("x")), (200, {"X-Pause": "0.2"}, chat("x"))]
    for _ in range(2):
        with pytest.raises(CallFailed, match=r"within 0\.15 s") as failed:
            OpenAICompatible(server.url, "m", timeout=0.15).complete(["x"])
        assert failed.value.passing
    monkeypatch.setattr("labelwright.models.language_openai.LARGEST", 1000)
    server.answers = [chat("x" * 2000)]
    with pytest.raises(CallFailed, match="more than 1000 bytes"):
        OpenAICompatible(server.url, "m").complete(["x"])


def test_nobody_there(server):
    model = OpenAICompatible("http://127.0.0.1:9/v1", "m", timeout=2)
    with pytest.raises(CallFailed, match="could not be reached") as failed:
        model.complete(["x"])
    assert failed.value.passing


def test_the_key_goes_to_the_server_and_nowhere_else(server, monkeypatch, tmp_path, caplog):
    monkeypatch.setenv("A_KEY", "sk-very-secret")
    caplog.set_level(logging.DEBUG)
    model = OpenAICompatible(server.url, "m", api_key_env="A_KEY")
    whole = Cached(Metered(Patient(model)), tmp_path / "a.db")
    whole.complete(["x"])
    server.answers = [(401, {}, {"error": "the key sk-very-secret is wrong"})]
    with pytest.raises(GaveUp, match=r"the key \*\*\* is wrong") as failed:
        whole.complete(["y"])
    assert server.asked[0][2] == "Bearer sk-very-secret"
    kept = [path.read_bytes() for path in tmp_path.iterdir()]
    kept += [caplog.text, vars(model), model, failed.value.__cause__, pickle.dumps(model)]
    assert not any("very-secret" in str(thing) for thing in kept)
    monkeypatch.delenv("A_KEY")
    with pytest.raises(InputError, match="A_KEY is empty"):
        model.complete(["x"])


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("example.org/v1", "must be an address"),
        ("ftp://example.org", "must be an address"),
        ("https://", "must be an address"),
        ("https://example.org/v1?key=x", "must be an address"),
        ("https://me:secret@example.org/v1", "holds a name or a password"),
        ("http://example.org/v1", "is not encrypted"),
    ],
)
def test_addresses_that_are_refused(url, message):
    with pytest.raises(InputError, match=message) as refused:
        OpenAICompatible(url, "m", api_key_env="A_KEY")
    assert "secret" not in str(refused.value)


def test_an_address_names_a_model(monkeypatch):
    monkeypatch.delenv("LABELWRIGHT_MODEL_KEY", raising=False)
    model = as_language_model("http://example.org/v1#m")
    assert (model.base_url, model.model, model.api_key_env) == ("http://example.org/v1", "m", None)
    monkeypatch.setenv("LABELWRIGHT_MODEL_KEY", "x")
    assert as_language_model("https://example.org/v1#m").api_key_env == "LABELWRIGHT_MODEL_KEY"


# --- scores ---

VOCABULARY = [
    "Label",
    ":",
    " positive",
    " pos",
    "itive",
    " negative",
    " set",
    " alarm",
    " volume",
    ": yes",
    "!",
    " no",
]


def tokens_of(text):
    found = []
    while text:
        token = max((t for t in VOCABULARY if text.startswith(t)), key=len, default=text[0])
        found.append(token)
        text = text[len(token) :]
    return found


def echoing(path, body):
    """A server that echoes, with log-probabilities that are minus the length of the token."""
    if not body.get("echo"):
        top = {" positive": -1.0, " set": -2.0, " negative": -3.0}
        return {"choices": [{"text": "!", "logprobs": {"top_logprobs": [top]}}]}
    tokens = [*tokens_of(body["prompt"]), "!"]
    numbers = [None, *(-float(len(token)) for token in tokens[1:])]
    return {"choices": [{"text": "".join(tokens), "logprobs": {"tokens": tokens, "token_logprobs": numbers}}]}


def test_scores_of_a_server_that_echoes(server):
    server.say = echoing
    model = OpenAICompatible(server.url, "m", chat=False)
    [row] = model.score(["Label:"], [" positive", " set alarm"])
    assert [one.tokens for one in row] == [(" positive",), (" set", " alarm")]
    assert [one.total for one in row] == [-9, -10]
    [row] = model.score(
        ["Label:"], [" yes", " negative"]
    )  # a token reaches over the border: both begin before it
    assert [one.tokens for one in row] == [(": yes",), (":", " negative")]
    assert len(server.asked) == 4


@pytest.mark.parametrize("how", ["left out", "refused"])
def test_scores_of_a_server_that_does_not_echo(how, server):
    def say(path, body):
        if body.get("echo") and how == "refused":
            return (400, {}, {"error": "echo is not supported"})
        return echoing(path, {k: v for k, v in body.items() if k != "echo"})

    server.say = say
    model = OpenAICompatible(server.url, "m", chat=False)
    rows = model.score(["Label:", "Label:"], [" positive", " negative"])
    assert [[one.total for one in row] for row in rows] == [[-1, -3]] * 2
    assert len(server.asked) == 3  # it was asked for an echo once
    with pytest.raises(ModelCannot, match="' set alarm' and ' set volume' both begin with ' set'"):
        model.score(["Label:"], [" set alarm", " set volume"])
    with pytest.raises(ModelCannot, match="' no' begins with none of them"):
        model.score(["Label:"], [" positive", " no"])


def test_scores_in_a_chat(server):
    top = [
        {"token": "positive", "logprob": -0.1},
        {"token": "neg", "logprob": -2.0},
        {"token": "", "logprob": -3.0},
    ]
    server.answers = [chat("positive", logprobs={"content": [{"top_logprobs": top}]}), chat("positive")]
    model = OpenAICompatible(server.url, "m")
    [row] = model.score(["Which?"], [" positive", " negative"])
    assert [(one.tokens, round(one.total, 3)) for one in row] == [(("positive",), -0.1), (("neg",), -2.0)]
    with pytest.raises(ModelCannot, match="gives no log-probabilities"):
        model.score(["Which?"], [" positive", " negative"])
