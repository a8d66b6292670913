from __future__ import annotations

import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from engine.data import picture
from engine.errors import PictureError


def file_of(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    target = io.BytesIO()
    image.save(target, kind, **options)
    return target.getvalue()


@pytest.fixture
def quadrants() -> np.ndarray:
    """16 × 24 pixels, red, green, blue and grey."""
    pixels = np.full((16, 24, 3), 120, np.uint8)
    pixels[:8, :12], pixels[:8, 12:], pixels[8:, :12] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    return pixels


@pytest.mark.parametrize("kind", picture.FORMATS)
def test_every_format_is_read(kind, quadrants) -> None:
    options = (
        {"lossless": True} if kind == "WEBP" else {"quality": 100, "subsampling": 0} if kind == "JPEG" else {}
    )
    reading = picture.read(file_of(Image.fromarray(quadrants), kind, **options))
    assert reading.alpha is None and reading.colours is reading.pixels and reading.notes == []
    assert np.abs(reading.pixels.astype(int) - quadrants).max() <= (3 if kind == "JPEG" else 0)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "I;16"])
def test_every_pixel_format_becomes_rgb(mode, quadrants) -> None:
    if mode == "I;16":
        image = Image.fromarray((quadrants[..., 0].astype(np.uint16) << 8) + 9)
    elif mode in ("P", "PA"):
        image = Image.fromarray(quadrants).quantize(8).convert(mode)
    elif mode == "LAB":
        profiles = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        image = ImageCms.profileToProfile(Image.fromarray(quadrants), *profiles, outputMode="LAB")
    else:
        image = Image.fromarray(quadrants).convert(mode)
    reading = picture.read(file_of(image, "TIFF"))
    assert reading.pixels.shape == (16, 24, 3) and reading.pixels.dtype == np.uint8
    grey = mode in ("1", "L", "LA", "I;16")
    if mode == "I;16":
        assert reading.notes == ["Its 16 bits a channel were brought to 8."]
        assert (reading.pixels[..., 0] == quadrants[..., 0]).all()
    elif not grey:
        tolerance = {"LAB": 25, "YCbCr": 3, "CMYK": 1}.get(mode, 0)
        assert np.abs(reading.pixels.astype(int) - quadrants).max() <= tolerance


def test_sixteen_bit_colour_is_brought_down_and_said() -> None:
    """Pillow can't write such a file, so here is one by hand (PNG specification, chapter 11)."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return (
            len(content).to_bytes(4, "big") + name + content + zlib.crc32(name + content).to_bytes(4, "big")
        )

    header = (2).to_bytes(4, "big") + (1).to_bytes(4, "big") + bytes([16, 2, 0, 0, 0])
    rows = b"\0" + bytes([200, 7, 100, 7, 50, 7, 0, 255, 0, 255, 0, 255])
    content = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
    reading = picture.read(content)
    assert reading.pixels.tolist() == [[[200, 100, 50], [0, 0, 0]]]
    assert reading.notes == ["Its 16 bits a channel were brought to 8."]


def test_transparency_is_laid_on_white_and_kept_apart(quadrants) -> None:
    alpha = np.full((16, 24), 255, np.uint8)
    alpha[:4] = 0
    alpha[4:8] = 128
    reading = picture.read(file_of(Image.fromarray(np.dstack([quadrants, alpha]))))
    assert (reading.alpha == alpha).all()
    assert (reading.colours == quadrants).all()
    assert reading.pixels[0, 0].tolist() == [255, 255, 255]
    assert reading.pixels[5, 0].tolist() == [255, 127, 127]
    assert (reading.pixels[8:] == quadrants[8:]).all()
    assert reading.notes == ["Its transparent parts are laid on white."]
    opaque = picture.read(file_of(Image.fromarray(quadrants).convert("RGBA")))
    assert opaque.alpha is None and opaque.notes == []


def test_a_transparent_palette_colour_is_transparency(quadrants) -> None:
    image = Image.fromarray(quadrants).quantize(4)
    reading = picture.read(file_of(image, transparency=0))
    assert reading.alpha is not None and set(np.unique(reading.alpha)) == {0, 255}


def keyed_png(values: np.ndarray, key: tuple[int, ...]) -> bytes:
    """A PNG file of 8 or 16 bits, grey or coloured, with a clear colour: Pillow can't write all of these."""

    def chunk(name: bytes, content: bytes) -> bytes:
        check = zlib.crc32(name + content).to_bytes(4, "big")
        return len(content).to_bytes(4, "big") + name + content + check

    height, width = values.shape[:2]
    header = bytes([8 * values.itemsize, 0 if values.ndim == 2 else 2, 0, 0, 0])
    rows = b"".join(b"\0" + row.astype(row.dtype.newbyteorder(">")).tobytes() for row in values)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", width.to_bytes(4, "big") + height.to_bytes(4, "big") + header)
        + chunk(b"tRNS", b"".join(value.to_bytes(2, "big") for value in key))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("kind", ["grey", "colour"])
def test_a_clear_colour_is_transparency_at_16_bits_too(kind, quadrants) -> None:
    shallow = quadrants if kind == "colour" else quadrants[..., 0]
    deep = shallow.astype(np.uint16) * 257
    deep.flat[0] -= 1  # in its upper byte the clear colour still
    key = np.atleast_1d(shallow[0, 0]).tolist()
    wanted = picture.read(keyed_png(shallow, tuple(key)))
    reading = picture.read(keyed_png(deep, tuple(257 * value for value in key)))
    assert wanted.alpha is not None and reading.alpha is not None
    assert reading.alpha[0, 0] == 255 and (wanted.alpha == 0).sum() >= 96
    assert (reading.alpha.ravel()[1:] == wanted.alpha.ravel()[1:]).all()
    assert (reading.pixels.reshape(-1, 3)[1:] == wanted.pixels.reshape(-1, 3)[1:]).all()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_uncompressed_files_stand_upright(
    tmp_path: Path, orientation: int, dtype: type[np.uint8] | type[np.uint16]
) -> None:
    """Pillow maps these into memory, and mixed up the rows of those that lie on their side."""
    stored = (np.arange(48 * 80).reshape(48, 80) * 17 % 251).astype(dtype)
    if dtype is np.uint16:
        stored = stored * np.uint16(257)
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.fromarray(stored)
    image.save(tmp_path / "plain.tif", exif=exif)
    image.save(tmp_path / "plain.png", exif=exif)
    upright = picture.read(tmp_path / "plain.png").pixels
    assert upright.shape == ((48, 80, 3) if orientation < 5 else (80, 48, 3))
    assert (picture.read(tmp_path / "plain.tif").pixels == upright).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_stand_upright(orientation, quadrants) -> None:
    turns = Image.Transpose
    lying = {  # EXIF 2.32, tag 0x0112: how the picture lies in the file
        2: turns.FLIP_LEFT_RIGHT,
        3: turns.ROTATE_180,
        4: turns.FLIP_TOP_BOTTOM,
        5: turns.TRANSPOSE,
        6: turns.ROTATE_90,
        7: turns.TRANSVERSE,
        8: turns.ROTATE_270,
    }
    upright = Image.fromarray(quadrants)
    stored = upright.transpose(lying[orientation]) if orientation in lying else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert (picture.read(file_of(stored, exif=exif)).pixels == quadrants).all()


def test_colours_are_brought_to_srgb(quadrants) -> None:
    lab = ImageCms.createProfile("LAB")
    image = ImageCms.profileToProfile(
        Image.fromarray(quadrants), ImageCms.createProfile("sRGB"), lab, outputMode="LAB"
    )
    reading = picture.read(file_of(image, "TIFF", icc_profile=ImageCms.ImageCmsProfile(lab).tobytes()))
    assert reading.notes == ["Its colours were brought to sRGB."]
    assert np.abs(reading.pixels.astype(int) - quadrants).max() <= 25  # LAB in bytes is coarse
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert picture.read(file_of(Image.fromarray(quadrants), icc_profile=srgb)).notes == []
    damaged = picture.read(file_of(Image.fromarray(quadrants), icc_profile=b"nonsense"))
    assert (damaged.pixels == quadrants).all()
    assert "colour profile" in damaged.notes[0]


def grey_profile(gamma: int) -> bytes:
    """A profile of grey with a gamma (ICC.1:2001-04): white point and curve, nothing else."""
    white = b"XYZ " + bytes(4) + struct.pack(">3I", 0xF6D6, 0x10000, 0xD32D)
    curve = b"curv" + bytes(4) + struct.pack(">IHxx", 1, gamma << 8)
    tags = struct.pack(">I4sII4sII", 2, b"wtpt", 156, len(white), b"kTRC", 156 + len(white), len(curve))
    header = struct.pack(
        ">I4sI4s4s4s12x4s28x3I48x",
        *(156 + len(white) + len(curve), b"", 0x02400000, b"mntr", b"GRAY", b"XYZ ", b"acsp"),
        *(0xF6D6, 0x10000, 0xD32D),
    )
    return header + tags + white + curve


@pytest.mark.parametrize("mode", ["LA", "1"])
@pytest.mark.parametrize("enough", [None, 8])
def test_a_profile_of_grey_serves_all_grey_pictures(mode, enough, quadrants) -> None:
    profile = grey_profile(3)
    image = Image.fromarray(quadrants).convert("L")
    image = image.convert("1", dither=Image.Dither.NONE) if mode == "1" else image
    grey = picture.read(file_of(image.convert("L"), icc_profile=profile), enough=enough)
    other = image.convert(mode)
    if mode == "LA":
        other.putpixel((23, 15), (120, 0))
    reading = picture.read(file_of(other, icc_profile=profile), enough=enough)
    assert grey.notes == ["Its colours were brought to sRGB."]
    assert reading.notes == grey.notes + [picture.ON_WHITE] * (mode == "LA")
    corner = np.s_[:4, :4]
    assert (reading.colours[corner] == grey.colours[corner]).all()


def test_the_first_of_several_pictures_is_taken(quadrants) -> None:
    other = Image.fromarray(quadrants[::-1])
    reading = picture.read(file_of(Image.fromarray(quadrants), "TIFF", save_all=True, append_images=[other]))
    assert (reading.pixels == quadrants).all()
    assert reading.notes == ["It holds several pictures; the first was taken."]


@pytest.mark.parametrize("kind", picture.FORMATS)
def test_files_cut_short_get_a_sentence(kind) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    content = file_of(Image.fromarray(noise), kind)
    for share in (0.1, 0.5, 0.9):
        with pytest.raises(PictureError):
            picture.read(content[: int(len(content) * share)])


def test_files_that_are_no_pictures_get_a_sentence(tmp_path) -> None:
    text = tmp_path / "text.png"
    text.write_text("I am a picture, believe me.")
    with pytest.raises(PictureError, match=r"“text\.png” is no picture that can be read"):
        picture.read(text)
    with pytest.raises(PictureError, match="does not exist"):
        picture.read(tmp_path / "none.png")
    with pytest.raises(PictureError, match="is not a file"):
        picture.read(tmp_path)
    with pytest.raises(PictureError, match="is no picture"):
        picture.read(file_of(Image.new("RGB", (4, 4)), "GIF"))
    with pytest.raises(PictureError, match="32 bits a channel"):
        picture.read(file_of(Image.new("F", (4, 4)), "TIFF"))


def huge_png(width: int, height: int) -> bytes:
    content = bytearray(file_of(Image.new("RGB", (4, 4))))
    content[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    content[29:33] = zlib.crc32(bytes(content[12:29])).to_bytes(4, "big")
    return bytes(content)


@pytest.mark.parametrize("edge", [9_000, 11_000, 100_000, 2**31 - 1])
def test_pictures_with_too_many_pixels_are_refused_before_decoding(edge) -> None:
    with pytest.raises(PictureError, match="pixels"):
        picture.read(huge_png(edge, edge))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")
def test_a_huge_claim_takes_no_memory(tmp_path) -> None:
    (tmp_path / "a.png").write_bytes(huge_png(100_000, 100_000))
    script = (
        "import sys\nfrom engine.data import picture\n"
        "try: picture.read(sys.argv[1])\nexcept picture.PictureError as error: print(error)\n"
        "print(int(open('/proc/self/status').read().partition('VmHWM:')[2].split()[0]) >> 10)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "a.png")], capture_output=True, text=True, check=True
    )
    sentence, megabytes = done.stdout.splitlines()
    assert "pixels" in sentence
    assert int(megabytes) < 200


def test_what_is_written_is_read(tmp_path, quadrants) -> None:
    picture.write_png(tmp_path / "a.png", quadrants)
    assert (picture.read(tmp_path / "a.png").pixels == quadrants).all()
    picture.write_png(tmp_path / "grey.png", quadrants[..., 0])
    assert (picture.read(str(tmp_path / "grey.png")).pixels[..., 2] == quadrants[..., 0]).all()
    assert picture.read(picture.to_png_bytes(quadrants[:, ::-1])).pixels.shape == (16, 24, 3)
    with pytest.raises(PictureError, match="can't be written"):
        picture.write_png(tmp_path / "none" / "a.png", quadrants)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.png", "grey.png"]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "I;16"])
def test_a_picture_comes_reduced_where_less_will_do(mode, quadrants) -> None:
    large = quadrants.repeat(20, 0).repeat(20, 1)  # 320 × 480
    if mode == "I;16":
        image = Image.fromarray((large[..., 0].astype(np.uint16) << 8) + 9)
    elif mode == "LAB":
        profiles = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        image = ImageCms.profileToProfile(Image.fromarray(large), *profiles, outputMode="LAB")
    elif mode in ("P", "PA"):
        image = Image.fromarray(large).quantize(8)
    else:
        image = Image.fromarray(large).convert(mode, dither=Image.Dither.NONE)
    kind = "TIFF" if mode in ("CMYK", "YCbCr", "LAB") else "PNG"
    content = file_of(image.convert("RGBA") if mode == "PA" else image, kind)
    whole, small = picture.read(content), picture.read(content, enough=48)
    assert small.pixels.shape == (32, 48, 3) and picture.read(content, enough=400).pixels.shape[0] == 320
    assert (small.alpha is None) == (whole.alpha is None)
    corners = small.pixels[4::24, 4::40].astype(int), whole.pixels[40::240, 40::400]
    assert np.abs(corners[0] - corners[1]).max() <= 3


def test_clear_parts_lend_no_colour_when_a_picture_is_reduced() -> None:
    pixels = np.zeros((80, 80, 4), np.uint8)
    pixels[::2] = (200, 100, 50, 255)  # every other row; the clear ones are black
    small = picture.read(file_of(Image.fromarray(pixels)), enough=20)
    assert np.abs(small.colours.astype(int) - (200, 100, 50)).max() <= 2
    assert np.abs(small.alpha.astype(int) - 128).max() <= 1


def test_a_large_photo_is_reduced_while_it_is_decoded(quadrants, monkeypatch: pytest.MonkeyPatch) -> None:
    content = file_of(Image.fromarray(quadrants.repeat(64, 0).repeat(64, 1)), "JPEG")  # 1024 × 1536
    decoded: list[tuple[int, int]] = []
    upright = picture.upright
    monkeypatch.setattr(picture, "upright", lambda image: (decoded.append(image.size), upright(image))[1])
    assert picture.read(content, enough=100).pixels.shape == (128, 192, 3)
    assert decoded[0] == (192, 128)
