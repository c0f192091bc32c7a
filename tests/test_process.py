"""The process program: RAW files in, upright pictures out, and nothing lost on the way."""

import dataclasses
import os
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from PIL import ExifTags, Image

from tests.helpers.dngs import scene, write_dng
from tests.helpers.shared import shared
from tests.helpers.tflite_files import write_run
from tfisp import models, process
from tfisp.contract import AS_SHOT, PUBLISHED
from tfisp.errors import InputError
from tfisp.raw import read_raw
from tfisp.rendering import ModelMetadata, Renderer
from tfisp.sensor import SENSORS, Capture, Sensor


@pytest.fixture(scope="module")
def generator():
    return models.create("efficient_isp", contract=AS_SHOT, seed=2)


@pytest.fixture(scope="module")
def preset(generator, tmp_path_factory):
    return models.save_to_preset(generator, tmp_path_factory.mktemp("process") / "preset")


def dng(path, height=34, width=50, **facts):
    path.parent.mkdir(parents=True, exist_ok=True)
    facts = {"black": ((64, 64), (64, 64)), "white": 1023, **facts}
    return write_dng(path, scene(height, width, 64, 1000), **facts)


def run(capsys, *words):
    code = process.run([str(word) for word in words])
    shown = capsys.readouterr()
    return code, shown.out.splitlines(), shown.err


def stored(path):
    return cv2.imread(str(path))[..., ::-1]


def write_two_stages(folder):
    """A run's folder, and the generators at the start and at the end of its last stage."""
    start, end = (models.create("efficient_isp", contract=AS_SHOT, seed=seed) for seed in (3, 4))
    models.save_to_preset(start, folder / "stages" / "0-pretrain")
    models.save_to_preset(end, folder / "stages" / "1-unpaired")
    models.save_to_preset(end, folder / "model")
    return folder, start, end


def test_strength_goes_from_the_stage_before_to_the_end(capsys, tmp_path):
    raw = dng(tmp_path / "a.dng")
    folder, start, end = write_two_stages(tmp_path / "run")
    between = models.create("efficient_isp", contract=AS_SHOT, seed=5)
    between.set_weights(
        [0.75 * a + 0.25 * b for a, b in zip(start.get_weights(), end.get_weights(), strict=True)]
    )
    for strength, expected in ((0, start), (0.25, between), (1, end)):
        words = [raw, f"--model={folder}", f"--output={tmp_path}", f"--strength={strength}"]
        code, _, error = run(capsys, *words)
        assert code == 0 and error == ""
        plain = Renderer(expected).render_8bit(*read_raw(raw)).astype(int)
        assert np.abs(stored(tmp_path / "a.png") - plain).max() <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_show_what_the_file_means_to_be_shown(capsys, preset, tmp_path, orientation):
    raw = dng(tmp_path / "a.dng", orientation=orientation, crop=((5, 3), (40, 20)))
    shapes, pictures = [], []
    for crop in ("default", "none"):
        words = [raw, f"--model={preset}", f"--output={tmp_path}", f"--crop={crop}"]
        assert run(capsys, *words)[0] == 0
        pictures.append(stored(tmp_path / "a.png"))
        shapes.append(pictures[-1].shape[:2])
    turned = orientation >= 5
    assert shapes == ([(40, 20), (50, 34)] if turned else [(20, 40), (34, 50)])
    # Whichever way it is turned, the crop begins so many pixels from the two edges that were the
    # stored picture's top and left.
    rows = 5 if turned else 3
    columns = 3 if turned else 5
    bottom, right = shapes[1][0] - shapes[0][0] - rows, shapes[1][1] - shapes[0][1] - columns
    top = bottom if orientation in (3, 4, 7, 8) else rows
    left = right if orientation in (2, 3, 6, 7) else columns
    height, width = shapes[0]
    np.testing.assert_array_equal(pictures[0], pictures[1][top : top + height, left : left + width])


def test_a_preset_has_no_start(capsys, preset, tmp_path):
    raw = dng(tmp_path / "a.dng")
    words = [raw, f"--model={preset}", f"--output={tmp_path}", "--strength=0.5"]
    code, _, error = run(capsys, *words)
    assert code == 1
    assert f"--strength=0.5: {preset} is no folder of a finished run" in error
    single = tmp_path / "single"
    shutil.copytree(preset, single / "model")
    shutil.copytree(preset, single / "stages" / "0-pretrain")
    code, _, error = run(capsys, raw, f"--model={single}", *words[2:])
    assert code == 1
    assert "holds no stage before the last" in error and error.count("\n") == 1


def test_pictures_pass_through_a_look(capsys, preset, generator, tmp_path):
    raw = dng(tmp_path / "a.dng")
    cube = tmp_path / "negative.cube"
    cube.write_text("LUT_1D_SIZE 2\n1 1 1\n0 0 0\n")
    words = [raw, f"--model={preset}", f"--output={tmp_path}", f"--look={cube}"]
    assert run(capsys, *words)[0] == 0
    plain = Renderer(generator).render_8bit(*read_raw(raw)).astype(int)
    assert np.abs(stored(tmp_path / "a.png") - (255 - plain)).max() <= 1
    assert run(capsys, *words, "--look_strength=0.25")[0] == 0
    partly = 0.75 * plain + 0.25 * (255 - plain)
    assert np.abs(stored(tmp_path / "a.png") - partly).max() <= 1
    code, _, error = run(capsys, *words[:-1], "--look_strength=0.25")
    assert code == 2 and "--look_strength: has no effect without --look" in error
    cube.write_text("LUT_1D_SIZE 2\n1 1 1\n")
    code, _, error = run(capsys, *words)
    assert code == 1
    assert f"--look: {cube}: LUT_1D_SIZE 2 needs 2 entries, there are 1" in error


def test_strength_and_look_and_exposure_act_one_after_the_other(capsys, tmp_path):
    raw = dng(tmp_path / "a.dng")
    folder, start, _ = write_two_stages(tmp_path / "run")
    cube = tmp_path / "negative.cube"
    cube.write_text("LUT_1D_SIZE 2\n1 1 1\n0 0 0\n")
    words = [raw, f"--model={folder}", f"--output={tmp_path}", f"--look={cube}"]
    assert run(capsys, *words, "--strength=0", "--exposure=-1")[0] == 0
    mosaic, sensor, capture = read_raw(raw)
    darker = dataclasses.replace(capture, baseline_exposure=-1)
    plain = Renderer(start).render_8bit(mosaic, sensor, darker).astype(int)
    assert np.abs(stored(tmp_path / "a.png") - (255 - plain)).max() <= 1


def test_a_picture_says_who_took_it_and_stands_upright(capsys, preset, tmp_path):
    raw = shared("raw/dng/canon_colorchart.dng")
    assert run(capsys, raw, f"--model={preset}", f"--output={tmp_path}", "--format=jpg")[0] == 0
    with tifffile.TiffFile(raw) as file:
        model = file.pages[0].tags["Model"].value.strip("\0 ")
    with Image.open(tmp_path / "canon_colorchart.jpg") as picture:
        exif = picture.getexif()
        assert exif[ExifTags.Base.Model] == model
        assert exif[ExifTags.Base.Orientation] == 1
        assert picture.info["icc_profile"]


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_dng_becomes_an_upright_picture(capsys, preset, generator, tmp_path, orientation):
    raw = dng(tmp_path / "a.dng", 33, 51, orientation=orientation, pattern="GBRG")
    output = tmp_path / "pictures"
    code, lines, error = run(capsys, raw, f"--model={preset}", f"--output={output}", "--tile=16")
    assert code == 0 and error == ""
    assert lines[-1] == f"1 picture in {output}"
    mosaic, sensor, capture = read_raw(raw)
    plain = Renderer(generator).render_8bit(
        mosaic, sensor, dataclasses.replace(capture, orientation=1)
    )
    turns = {1: 0, 3: 2, 6: -1, 8: 1}[orientation]
    np.testing.assert_array_equal(stored(output / "a.png"), np.rot90(plain, turns))


def test_files_and_folders_are_taken_together_and_sub_folders_stay(capsys, preset, tmp_path):
    dng(tmp_path / "in/b/c.dng")
    dng(tmp_path / "in/a.dng")
    dng(tmp_path / "single.DNG")
    (tmp_path / "in/notes.txt").touch()
    output = tmp_path / "out"
    code, lines, _ = run(
        capsys,
        tmp_path / "in",
        tmp_path / "single.DNG",
        f"--model={preset}",
        f"--output={output}",
        "--format=jpg",
        "--quality=80",
    )
    assert code == 0 and lines[0].startswith("[1/3]") and lines[-1] == f"3 pictures in {output}"
    found = {path.relative_to(output).as_posix() for path in output.rglob("*.*")}
    assert found == {"a.jpg", "b/c.jpg", "single.jpg"}


def test_a_bad_file_stops_and_the_pictures_before_it_stay(capsys, preset, tmp_path):
    dng(tmp_path / "in/a.dng")
    (tmp_path / "in/b.dng").write_bytes(b"no RAW file")
    dng(tmp_path / "in/c.dng")
    output = tmp_path / "out"
    code, _, error = run(capsys, tmp_path / "in", f"--model={preset}", f"--output={output}")
    assert code == 1 and error.count("\n") == 1
    assert error.startswith(f"tfisp.process: error: {tmp_path}/in/b.dng: ")
    assert [path.name for path in output.iterdir()] == ["a.png"]


def test_bad_files_can_be_skipped_and_are_listed(capsys, preset, tmp_path):
    dng(tmp_path / "in/a.dng")
    (tmp_path / "in/b.dng").write_bytes(b"no RAW file")
    output = tmp_path / "out"
    words = [tmp_path / "in", f"--model={preset}", f"--output={output}", "--on_bad_file=skip"]
    code, lines, _ = run(capsys, *words)
    assert code == 0
    assert lines[-2].startswith(f"skipped: {tmp_path}/in/b.dng: ")
    assert lines[-1] == f"1 picture in {output}"
    (tmp_path / "in/a.dng").unlink()
    code, lines, error = run(capsys, *words)
    assert code == 1 and "none of the 1 files could be rendered" in error


def test_a_sensor_can_be_given_where_a_file_states_none(capsys, preset, tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), scene(40, 60, 60, 1000))
    words = [tmp_path / "a.png", f"--model={preset}", f"--output={tmp_path / 'out'}"]
    assert run(capsys, *words)[0] == 1
    assert run(capsys, *words, "--sensor=zrr")[0] == 0
    levels = ["--pattern=BGGR", "--black_level=60", "--white_level=1023"]
    assert run(capsys, *words, *levels)[0] == 0
    code, _, error = run(capsys, *words, "--sensor=zr")
    assert code == 2 and "sensor=zr: unknown; did you mean zrr?" in error


@pytest.mark.parametrize(
    "words, code, message",
    [
        ([], 2, "no RAW file given"),
        (["{tmp}/gone.dng"], 1, "gone.dng: no such file or folder"),
        (["{tmp}/empty"], 1, "no RAW files here"),
        (["{tmp}/in", "--output={tmp}/in"], 2, "would be taken for RAW files"),
        (["{tmp}/in/a.dng", "{tmp}/other/a.dng"], 2, "would both become"),
        (["{tmp}/raw.png", "--output={tmp}"], 2, "raw.png is a RAW file to be read"),
        (["{tmp}/in/a.dng", "--model=nothing"], 1, "nothing: no such folder"),
        (["{tmp}/in/a.dng", "--model=nothing.tflite"], 1, "nothing.tflite: no such file"),
        (["{tmp}/in/a.dng", "--format=tiff"], 2, "--format=tiff: unknown"),
        (["{tmp}/in/a.dng", "--runtime=torch"], 2, "--runtime=torch: unknown"),
        (["{tmp}/in/a.dng", "--runtime=litert"], 1, "--runtime=litert: "),
        (["{tmp}/in/a.dng", "--output={tmp}/raw.png"], 1, "raw.png"),
    ],
)
def test_mistakes_get_one_line(capsys, preset, tmp_path, words, code, message):
    dng(tmp_path / "in/a.dng")
    dng(tmp_path / "other/a.dng")
    (tmp_path / "empty").mkdir()
    cv2.imwrite(str(tmp_path / "raw.png"), scene(40, 60, 60, 1000))
    before = (tmp_path / "raw.png").read_bytes()
    defaults = [f"--model={preset}", f"--output={tmp_path / 'out'}"]
    given, _, error = run(capsys, *defaults, *(word.format(tmp=tmp_path) for word in words))
    assert given == code and message in error and error.count("\n") == 1
    assert (tmp_path / "raw.png").read_bytes() == before


def test_a_full_disk_is_named_and_leaves_no_half_picture(capsys, preset, tmp_path, monkeypatch):
    raw = dng(tmp_path / "a.dng")

    def full(path, data):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(Path, "write_bytes", full)
    code, _, error = run(capsys, raw, f"--model={preset}", f"--output={tmp_path / 'out'}")
    assert code == 1 and "a.png: No space left on device" in error
    assert list((tmp_path / "out").iterdir()) == []


def test_the_next_item_is_worked_on_while_one_is_used_and_no_further():
    started = []

    def work(item):
        started.append(item)
        if item == 2:
            raise ValueError("two")
        return 10 * item

    results = process._overlapped(work, range(5))
    assert next(results).result() == 0
    assert next(results).result() == 10 and len(started) <= 3
    with pytest.raises(ValueError, match="two"):
        next(results).result()
    assert [future.result() for future in results] == [30, 40]
    assert list(process._overlapped(work, [])) == []


def test_what_was_begun_is_finished_when_the_items_break_off():
    done = []

    def items():
        yield 1
        raise InputError("broken")

    with pytest.raises(InputError, match="broken"):
        for future in process._overlapped(done.append, items()):
            future.result()
    assert done == [1]


def test_an_exported_file_is_rendered_without_tensorflow(generator, tmp_path):
    pytest.importorskip("ai_edge_litert")
    raw, run = dng(tmp_path / "a.dng"), write_run(generator, tmp_path / "run")
    for model in (run, run / "export/model.tflite"):
        words = [str(raw), f"--model={model}", f"--output={tmp_path / 'out'}", "--format=jpg"]
        code = (
            f"import sys; from tfisp import process; code = process.run({words!r});"
            "sys.exit(code or 10 * ('tensorflow' in sys.modules))"
        )
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_names_that_differ_only_in_their_suffix_keep_it(tmp_path):
    for name in ("a.dng", "a.nef", "b.dng"):
        (tmp_path / name).touch()
    jobs = process.list_jobs([str(tmp_path)], Path("out"), ".png")
    assert [job.picture for job in jobs] == [
        Path("out/a.dng.png"),
        Path("out/a.nef.png"),
        Path("out/b.png"),
    ]


def test_pictures_inside_the_input_folder_are_not_taken_for_raw_files(tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/old.png").touch()
    (tmp_path / "a.dng").touch()
    jobs = process.list_jobs([str(tmp_path)], tmp_path / "out", ".png")
    assert [job.raw.name for job in jobs] == ["a.dng"]


def test_a_file_named_twice_is_rendered_once(tmp_path):
    (tmp_path / "a.dng").touch()
    arguments = [str(tmp_path / "a.dng"), str(tmp_path), os.path.relpath(tmp_path / "a.dng")]
    assert len(process.list_jobs(arguments, Path("out"), ".png")) == 1


def test_white_balance_exposure_and_depth_are_heeded(capsys, tmp_path, generator, preset):
    raw = dng(tmp_path / "a.dng")
    words = [raw, f"--model={preset}", f"--output={tmp_path / 'out'}", "--format=tif"]
    words += ["--white_balance=3,1.5,3", "--exposure=0.5", "--depth=16"]
    assert run(capsys, *words)[0] == 0
    mosaic, sensor, capture = read_raw(raw)
    asked = dataclasses.replace(capture, gains=(2, 1, 2), baseline_exposure=0.5)
    expected = np.clip(Renderer(generator).render(mosaic, sensor, asked), 0, 1) * 65535
    found = cv2.imread(str(tmp_path / "out" / "a.tif"), cv2.IMREAD_UNCHANGED)[..., ::-1]
    assert found.dtype == np.uint16
    assert np.abs(found - expected).max() < 2


@pytest.mark.parametrize(
    "word, message",
    [
        ("--white_balance=2,1", "--white_balance=2,1: expected three numbers"),
        ("--white_balance=2,1,0", "--white_balance=2,1,0: expected three numbers"),
        ("--depth=12", "--depth=12: expected 8 or 16"),
        ("--depth=16", "--depth=16: a JPEG has 8 bits"),
    ],
)
def test_what_cannot_be_asked_for_is_said_at_once(capsys, tmp_path, preset, word, message):
    words = [dng(tmp_path / "a.dng"), f"--model={preset}", "--format=jpg", word]
    code, _, error = run(capsys, *words, f"--output={tmp_path / 'out'}")
    assert code == 2 and message in error


@pytest.mark.parametrize("word", ["--white_balance=2,1,2", "--exposure=1"])
def test_a_model_that_heeds_neither_is_named(capsys, tmp_path, word):
    published = models.save_to_preset(models.create("efficient_isp"), tmp_path / "published")
    raw = dng(tmp_path / "a.dng")
    code, _, error = run(capsys, raw, f"--model={published}", f"--output={tmp_path / 'o'}", word)
    assert code == 2 and "was not trained to heed it" in error


def test_a_released_network_sees_another_sensors_frame_as_its_own(capsys, tmp_path):
    published = models.save_to_preset(models.create("efficient_isp"), tmp_path / "published")
    levels = {"black": ((2056, 2056), (2056, 2056)), "white": 15000}
    raw = write_dng(tmp_path / "a.dng", scene(34, 50, 2056, 14000), **levels)
    words = [raw, f"--model={published}", f"--output={tmp_path / 'out'}"]
    code, _, error = run(capsys, *words)
    assert code == 0 and "are mapped onto those that the model was made for" in error
    mapped = stored(tmp_path / "out" / "a.png")
    code, _, error = run(capsys, *words, "--levels=model")
    assert code == 0 and "mapped" not in error
    assert not np.array_equal(stored(tmp_path / "out" / "a.png"), mapped)


def test_doubts_about_levels_and_white_balance_are_told():
    canon = Sensor(black_level=2048, white_level=15000)
    published, as_shot = (ModelMetadata("x", c, halo=1) for c in (PUBLISHED, AS_SHOT))
    told = "".join(process.doubts(published, canon, Capture(), "auto"))
    assert "its levels (black 2048, white 15000) are mapped onto" in told
    for name in ("zrr", "ultraisp"):  # the networks were published for these
        assert not list(process.doubts(published, SENSORS[name], Capture(), "auto"))
    assert not list(process.doubts(published, canon, Capture(), "model"))
    assert "no white balance" in "".join(process.doubts(as_shot, canon, Capture(), "auto"))
    assert not list(process.doubts(as_shot, canon, Capture(gains=(2, 1, 1.5)), "auto"))


def test_what_the_reader_assumed_or_left_out_is_a_warning(capsys, preset, tmp_path):
    path = write_dng(tmp_path / "a.dng", scene(64, 72, 64, 1000), orientation=0)
    code, _, error = run(capsys, path, f"--model={preset}", f"--output={tmp_path / 'out'}")
    assert code == 0
    assert f"warning: {path}: Orientation 0 is none of 1 to 8" in error


@pytest.mark.slow
def test_no_corrupt_file_is_rendered(capsys, preset, tmp_path):
    folder = shared("raw/corrupt")
    output = tmp_path / "out"
    code, lines, error = run(
        capsys, folder, f"--model={preset}", f"--output={output}", "--on_bad_file=skip"
    )
    assert code == 1 and "could be rendered" in error
    assert sum(line.startswith("skipped: ") for line in lines) == len(list(folder.iterdir()))
    assert list(output.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "name, size",
    [
        ("dng/canon_colorchart.dng", (1734, 1156)),
        ("frames/nikon_768x512_rggb.raw", (768, 512)),
        ("frames/colorchecker_1920x1080_12bit_bggr.raw", (1920, 1080)),
    ],
)
def test_real_files_are_rendered(capsys, preset, tmp_path, name, size):
    output = tmp_path / "out"
    assert run(capsys, shared(f"raw/{name}"), f"--model={preset}", f"--output={output}")[0] == 0
    (picture,) = output.iterdir()
    assert stored(picture).shape == (size[1], size[0], 3)
