"""Folders of finished pictures as systems: figures, faults, exposure, and going on."""

import csv
import json

import cv2
import numpy as np
import pytest

from tfisp import evaluate
from tfisp.evaluating import measuring

SIZE = (40, 48, 3)


def write(path, picture):
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), picture[..., ::-1])


@pytest.fixture
def folders(tmp_path):
    """Three truths; `near`, by one level beside them, and `far`, 16 bits in another format."""
    rng = np.random.default_rng(0)
    for name in ("a", "b", "deep/c"):
        truth = rng.integers(16, 230, SIZE).astype(np.uint8)
        write(tmp_path / f"truth/{name}.png", truth)
        write(tmp_path / f"near/{name}.png", truth + 1)
        write(tmp_path / f"far/{name}.tif", (truth + 20) * np.uint16(257))
    return tmp_path


def run(capsys, folders, *words, systems="near,far"):
    listed = ",".join(str(folders / name) for name in systems.split(","))
    code = evaluate.run(
        [
            f"--pictures={listed}",
            f"--truth={folders / 'truth'}",
            f"--output={folders / 'report'}",
            "--metrics=psnr",
            *words,
        ]
    )
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def rows(folders):
    with (folders / "report/images.csv").open() as file:
        return list(csv.DictReader(file))


def test_pictures_are_matched_by_name_and_measured(capsys, folders):
    code, out, error = run(capsys, folders)
    assert code == 0 and error == "" and "report in" in out
    found = {(row["system"], row["image"]): float(row["psnr"]) for row in rows(folders)}
    assert len(found) == 6
    for (system, _), psnr in found.items():
        step = {"near": 1, "far": 20}[system]
        assert psnr == pytest.approx(20 * np.log10(255 / step), abs=1e-3)
    summary = json.loads((folders / "report/summary.json").read_text())
    low, high = summary["results"]["near"]["psnr"]["interval"]
    assert low <= summary["results"]["near"]["psnr"]["mean"] <= high
    assert "3 pictures only" in summary["note"]
    sheet = cv2.imread(str(folders / "report/pictures.png"))
    assert sheet.shape == (32 + 3 * 48, 8 + 3 * 56, 3)  # near, far, truth


def test_every_fault_gets_a_line_before_the_work(capsys, folders):
    (folders / "near/a.png").unlink()
    write(folders / "near/extra.png", np.zeros(SIZE, np.uint8))
    write(folders / "far/b.tif", np.zeros((8, 8, 3), np.uint8))
    write(folders / "far/deep/c.png", np.zeros(SIZE, np.uint8))
    (folders / "truth/a.jpg").write_bytes((folders / "truth/a.png").read_bytes())
    code, _, error = run(capsys, folders)
    assert code == 1 and error.count("\n") == 1 and "truth/a.png: a.jpg has the same name" in error
    (folders / "truth/a.jpg").unlink()
    code, _, error = run(capsys, folders)
    lines = error.splitlines()
    assert code == 1 and len(lines) == 5
    for words in (
        f"near: has no picture a, whose truth is {folders}/truth/a.png",
        "near/extra.png: no true picture of this name",
        "far/b.tif: 8x8 pixels, its truth has 48x40",
        "has the same name but for its suffix; remove one of them",
        "4 pictures do not fit, see above; mend them, or leave them out with --on_bad_file=skip",
    ):
        assert sum(words in line for line in lines) == 1, words
    assert not (folders / "report").exists()


def test_an_image_that_one_system_lacks_is_left_out_for_all(capsys, folders):
    (folders / "near/a.png").unlink()
    code, out, _ = run(capsys, folders, "--on_bad_file=skip")
    assert code == 0 and "skipped: " in out
    assert {row["image"] for row in rows(folders)} == {"b", "deep/c"} and len(rows(folders)) == 4
    (fault,) = json.loads((folders / "report/summary.json").read_text())["skipped"]
    assert "has no picture a" in fault


def test_matching_exposure_is_said_everywhere(capsys, folders):
    code, out, _ = run(capsys, folders, "--match_exposure", systems="far")
    assert code == 0 and "**Exposure matched:" in out
    for row in rows(folders):
        assert float(row["exposure gain"]) < 0.95
        assert float(row["psnr"]) > 20 * np.log10(255 / 20) + 3
    assert json.loads((folders / "report/summary.json").read_text())["match_exposure"] is True
    assert "Exposure matched:" in (folders / "report/report.html").read_text()


def test_an_interrupted_evaluation_goes_on_where_it_was(capsys, folders, monkeypatch):
    computed = []
    compute = measuring.metrics.compute

    def counted(*words):
        if len(computed) == 3:
            raise KeyboardInterrupt
        computed.append(words)
        return compute(*words)

    monkeypatch.setattr(measuring.metrics, "compute", counted)
    assert run(capsys, folders)[0] == 130
    assert not (folders / "report/report.html").exists()
    monkeypatch.setattr(measuring.metrics, "compute", compute)
    code, out, _ = run(capsys, folders)
    # The second image was half done: its truth and one system were there.
    assert code == 0 and "5 pictures were kept from an earlier run" in out
    whole = (folders / "report/images.csv").read_text()

    # Nothing is left to do; what has changed is measured anew.
    assert "9 pictures were kept" in run(capsys, folders)[1]
    assert (folders / "report/images.csv").read_text() == whole
    write(folders / "near/b.png", np.zeros(SIZE, np.uint8))
    assert "8 pictures were kept" in run(capsys, folders)[1]
    before, now = (
        list(csv.reader(text.splitlines()))
        for text in (whole, (folders / "report/images.csv").read_text())
    )
    assert [b[:2] for b, n in zip(before, now, strict=True) if b != n] == [["near", "b"]]

    # A damaged entry and a lost picture are made again; nothing else stays behind.
    entries = sorted((folders / "report/kept").iterdir())
    assert len(entries) == 9 and len(list((folders / "report/pictures").iterdir())) == 9 + 3
    entries[0].write_text("{")
    lost = next((folders / "report/pictures").glob("*far*.png"))
    lost.unlink()
    code, out, _ = run(capsys, folders)
    assert code == 0 and lost.exists() and ("7 pictures" in out or "8 pictures" in out)


def test_figures_alone_need_no_pictures(capsys, folders):
    assert run(capsys, folders, "--shown=0")[0] == 0
    assert not (folders / "report/pictures").exists()
    assert not (folders / "report/pictures.png").exists()
    assert (folders / "report/report.html").exists()
    # Asked for later, they are made.
    assert run(capsys, folders, "--shown=1")[0] == 0
    assert len(list((folders / "report/pictures").iterdir())) == 4


def test_a_border_does_not_count_and_protocols_have_names(capsys, folders):
    for name in ("a", "b", "deep/c"):
        picture = cv2.imread(str(folders / f"near/{name}.png"))[..., ::-1].copy()
        picture[:3], picture[:, -3:] = 0, 0
        write(folders / f"near/{name}.png", picture)
    code, out, error = run(capsys, folders, "--border=3", systems="near")
    assert code == 0 and error == "" and "3 pixels at each side do not count" in out
    expected = 20 * np.log10(255)
    assert [float(row["psnr"]) for row in rows(folders)] == pytest.approx([expected] * 3, abs=1e-3)
    code, _, error = run(capsys, folders, "--border=20", systems="near")
    assert code == 1 and "a.png: 48x40 pixels are nothing but a border of 20" in error
    code, _, error = run(capsys, folders, "--protocol=sr_y", systems="near")
    assert code == 2 and "--metrics: has no effect with --protocol=sr_y" in error
    words = [f"--pictures={folders / 'near'}", f"--truth={folders / 'truth'}"]
    assert evaluate.run([*words, "--protocol=sr_y", f"--output={folders / 'sr'}"]) == 0
    summary = json.loads((folders / "sr/summary.json").read_text())
    assert summary["border"] == 4 and list(summary["results"]["near"]) == ["psnr_y", "ssim_y"]
    # Every channel is one level off, which is (65.481 + 128.553 + 24.966) / 255 levels of luma.
    expected = 20 * np.log10(255 * 255 / 219)
    assert summary["results"]["near"]["psnr_y"]["mean"] == pytest.approx(expected, abs=1e-3)
