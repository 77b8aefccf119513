import bz2
import gzip
import io
import lzma
import tarfile
import zipfile

import pyarrow as pa
import pytest

from labelwright.data.archives import BadArchive, decompress, read_folder, read_members


def tar(members, mode="w:gz"):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            if isinstance(content, tuple):
                info.type, info.linkname = content
                archive.addfile(info)
            else:
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def zipped(members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return out.getvalue()


def deb(data_name="data.tar.xz", data=b""):
    parts = [(b"debian-binary", b"2.0\n"), (b"control.tar.xz", b"odd"), (data_name.encode(), data)]
    out = b"!<arch>\n"
    for name, content in parts:
        out += name.ljust(16) + b"0".ljust(12) + b"0".ljust(6) * 2 + b"100644".ljust(8)
        out += str(len(content)).encode().ljust(10) + b"`\n" + content + b"\n" * (len(content) % 2)
    return out


GOOD = [("p/a.txt", b"alpha"), ("p/b.txt", b"beta")]


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_named_files_of_a_tar(mode):
    assert read_members(tar(GOOD, mode), ["p/b.txt"], what="x") == {"p/b.txt": b"beta"}


def test_named_files_of_a_zip():
    assert read_members(zipped(GOOD), ["p/a.txt", "p/b.txt"], what="x") == dict(GOOD)


@pytest.mark.parametrize("form", ["gz", "xz", "zst"])
def test_named_files_of_a_debian_package(form):
    plain = tar([("./usr/x.rda", b"frame"), ("./usr/link", (tarfile.SYMTYPE, "x.rda"))], "w")
    pressed = {
        "gz": gzip.compress,
        "xz": lzma.compress,
        "zst": lambda b: pa.compress(b, "zstd", asbytes=True),
    }[form]
    package = deb(f"data.tar.{form}", pressed(plain))
    assert read_members(package, ["usr/x.rda"], what="x.deb") == {"usr/x.rda": b"frame"}


def test_a_debian_package_without_data():
    with pytest.raises(BadArchive, match=r"x\.deb is damaged: no data part"):
        read_members(deb("other"), ["a"], what="x.deb")


def test_a_missing_file_is_named():
    with pytest.raises(BadArchive, match=r"x\.tgz does not contain the file p/c\.txt"):
        read_members(tar(GOOD), ["p/a.txt", "p/c.txt"], what="x.tgz")


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../up.txt", "p/../../up.txt", "C:\\up.txt", "..\\up.txt", "\\\\host\\up"]
)
@pytest.mark.parametrize("pack", [tar, zipped])
def test_paths_that_lead_outside_are_refused(pack, path):
    with pytest.raises(BadArchive, match="leads outside"):
        read_members(pack([*GOOD, (path, b"evil")]), ["p/a.txt", "p/b.txt"], what="x")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_a_wanted_file_that_is_a_link_or_device_is_refused(kind):
    with pytest.raises(BadArchive, match="as a link"):
        read_members(tar([("p/a.txt", b"alpha"), ("p/l", (kind, "p/a.txt"))]), ["p/l"], what="x")


def test_a_wanted_zip_member_that_is_a_link_is_refused():
    info = zipfile.ZipInfo("p/l")
    info.external_attr = 0o120777 << 16
    with pytest.raises(BadArchive, match="as a link"):
        read_members(zipped([(info, b"p/a.txt")]), ["p/l"], what="x")


INSIDE = [("p/q/b", b"2"), ("p/q/a/c", b"1"), ("p/qq", b"3"), ("q/d", b"4")]


@pytest.mark.parametrize("folder", ["p/q", "p/q/", "./p/q/"])
def test_a_folder_is_read_with_its_paths_sorted_and_nothing_else(folder):
    package = deb("data.tar.gz", tar([(f"./{name}", content) for name, content in INSIDE]))
    for archive in (tar(INSIDE), zipped(INSIDE), package):
        assert list(read_folder(archive, folder, what="x").items()) == [("a/c", b"1"), ("b", b"2")]


def test_links_and_folders_in_a_folder_are_left_out():
    kinds = [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE]
    odd = [(f"p/{i}", (kind, "p/a.txt")) for i, kind in enumerate(kinds)]
    assert read_folder(tar([*GOOD, *odd]), "p", what="x") == {"a.txt": b"alpha", "b.txt": b"beta"}
    link = zipfile.ZipInfo("p/l")
    link.external_attr = 0o120777 << 16
    packed = zipped([*GOOD, (link, b"/etc/passwd"), ("p/d/", b"")])
    assert read_folder(packed, "p", what="x") == {"a.txt": b"alpha", "b.txt": b"beta"}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("pack", [tar, zipped])
def test_a_folder_is_read_as_carefully_as_a_file(pack):
    with pytest.raises(BadArchive, match="does not contain the folder p/a/"):
        read_folder(pack(GOOD), "p/a", what="x")
    with pytest.raises(BadArchive, match="leads outside"):
        read_folder(pack([*GOOD, ("p/../../up.txt", b"evil")]), "p", what="x")
    with pytest.raises(BadArchive, match="twice"):
        read_folder(pack([*GOOD, GOOD[0]]), "p", what="x")
    with pytest.raises(BadArchive, match="more than 20 files"):
        read_folder(pack([(f"p/{i}", b"") for i in range(30)]), "p", what="x", max_members=20)
    with pytest.raises(BadArchive, match="more than 1000000 bytes"):
        read_folder(pack([("p/bomb", bytes(3_000_000))]), "p", what="x", max_bytes=1_000_000)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("pack", [tar, zipped])
def test_a_wanted_file_that_comes_twice_is_refused(pack):
    with pytest.raises(BadArchive, match="twice"):
        read_members(pack([("a", b"1"), ("a", b"2")]), ["a"], what="x")


@pytest.mark.parametrize("pack", [tar, zipped])
def test_bombs_are_refused_before_they_swell(pack):
    bomb = pack([("a", b"1"), ("bomb", bytes(3_000_000))])
    assert len(bomb) < 30_000
    with pytest.raises(BadArchive, match="more than 1000000 bytes"):
        read_members(bomb, ["a", "bomb"], what="x", max_bytes=1_000_000)
    with pytest.raises(BadArchive, match="more than 1000000 bytes"):  # wanted or not
        read_members(bomb, ["a"], what="x", max_bytes=1_000_000)


@pytest.mark.parametrize("pack", [tar, zipped])
def test_too_many_members_are_refused(pack):
    many = pack([(f"f{i}", b"") for i in range(30)])
    with pytest.raises(BadArchive, match="more than 20 files"):
        read_members(many, ["f0"], what="x", max_members=20)


@pytest.mark.parametrize("pack", [tar, zipped])
@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9])
def test_truncated_archives_are_refused(pack, keep):
    whole = pack([("a", bytes(range(256)) * 200), ("b", b"last" * 1000)])
    with pytest.raises(BadArchive):
        read_members(whole[: int(len(whole) * keep)], ["a", "b"], what="x")


@pytest.mark.parametrize(
    "junk", [b"", b"PK\x03\x04", b"!<arch>\n", b"\x1f\x8b", b"\xfd7zXZ\x00", b"BZh9", b"x" * 2000]
)
def test_junk_is_refused(junk):
    with pytest.raises(BadArchive, match=r"junk\.bin"):
        read_members(junk, ["a"], what="junk.bin")


@pytest.mark.parametrize(
    "press", [gzip.compress, bz2.compress, lzma.compress, lambda b: pa.compress(b, "zstd", asbytes=True)]
)
def test_decompress(press):
    assert decompress(press(b"labels" * 100), what="x") == b"labels" * 100
    with pytest.raises(BadArchive, match="more than 100 bytes"):
        decompress(press(bytes(101)), what="x", max_bytes=100)
    assert decompress(press(bytes(100)), what="x", max_bytes=100) == bytes(100)
    with pytest.raises(BadArchive, match="x is damaged"):
        decompress(press(b"labels" * 100)[:-12], what="x")


def test_decompress_leaves_plain_bytes():
    assert decompress(b"plain", what="x") == b"plain"
